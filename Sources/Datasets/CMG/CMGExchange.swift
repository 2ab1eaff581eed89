internal import Bytes
internal import Series

/// A call to the marginal-cost API: some days of one bus (filtered), or one day of all of them.
///
/// It asks for the first page, then for all others at once, then again for those that came empty or short. It ends as proved
/// as soon as every quarter asked for has come that is due (real: in its definitive version), or when the pages' arithmetic leaves no
/// record unseen and the upstream's own count of records agrees (`PageAccount`).
///
/// First questions for pages are what the plan pays for; all others carry `attempt > 0`. Where the first answer tells of more pages than
/// the plan pays for, the call ends at once as costlier.
///
/// What an answer is worth:
/// - rows of other buses in a scan are what a scan is, and are not counted as dropped; where they are the most of a filtered answer the
///   filter does nothing, and the call ends as unusable in this shape, keeping the rows that were wanted;
/// - where several days of a bus are not answered though one of them is, a day among them is lost for now: the call ends as too wide,
///   and is planned anew with fewer days;
/// - records that cannot be read are counted as quarantined and leave the call unproved, for they are there; those of the hour before a
///   doubled one are dropped: that hour is never to be had;
/// - a record that comes twice is given out twice; the store keeps the highest rank, and of equal ones the last;
/// - what a later edition may better is given out by a proved call only.
struct CMGExchange: Exchange {
    let quest: CMGQuest
    private let requestsMax: Int
    var account: PageAccount
    private var outstanding: [UpstreamRequest: PageAsk] = [:]
    /// By series and quarter, what came.
    private var seen: [Bool]
    /// Quarters asked for, due and obtainable that did not come yet.
    private var remaining: Int
    private var refused = 0
    private var heldBack: [Row] = []
    /// Of these, the ones of a programme from before the hour's own day, by their places.
    private var early: Set<Int> = []
    private var isPriced = false
    var doubt = Doubt()
    private var isOver = false

    init(_ order: CallOrder, _ quest: CMGQuest) {
        self.quest = quest
        requestsMax = order.requests
        account = PageAccount(
            limit: min(max(order.pageRows ?? quest.source.pageRows, 1), 20_000),
            // Filtered answers begin at page 0 strictly: page 1 is behind their end.
            start: quest.filter == nil ? quest.source.firstPage : 0,
            // A scan in pages of 500 has 316 of them, a node's call of 100 has 30.
            pagesMax: quest.filter == nil ? 400 : 64, requestsMax: order.requests)
        seen = Array(repeating: false, count: quest.source.endsEarly ? quest.seriesCount * quest.days.quarters : 0)
        remaining = quest.seriesCount * quest.days.obtainable
    }

    mutating func start() -> [UpstreamRequest] { [send(account.first())] }

    mutating func send(_ ask: PageAsk) -> UpstreamRequest {
        let isProbe = ask.kind == .narrow || ask.kind == .alive
        let day = CMGDays.text(doubt.probeDay(of: quest.days.days, ask.kind))
        let (first, last) = isProbe ? (day, day) : (quest.days.firstDate, quest.days.lastDate)
        var query = [("startDate", first), ("endDate", last), ("page", String(ask.page)), ("limit", String(ask.limit))]
        let isFiltered = quest.filter != nil && ask.kind != .alive
        if isFiltered, let bus = quest.filter { query.append(("bar_transf", bus)) }
        let request = UpstreamRequest(
            path: quest.source.path, query: query, attempt: ask.attempt, isDoubtful: (isFiltered && !account.isHeard) || doubt.isSure)
        outstanding[request] = ask
        return request
    }

    mutating func received(_ answer: UpstreamAnswer, to request: UpstreamRequest) throws(AnswerDefect) -> Step {
        let page = try CMGPage(answer.body, for: quest)
        var step = Step()
        guard !isOver, let ask = outstanding.removeValue(forKey: request) else { return step }
        step.rows = firm(page)
        step.dropped = page.dropped
        step.quarantined = page.quarantined.map { one in
            QuarantinedRecord(
                reason: one.reason, record: one.record, series: one.series, time: one.time,
                place: one.place.map { "page \(ask.page) \($0)" })
        }
        refused += page.refused
        for row in page.rows { note(row) }
        if ask.kind == .alive { return foundAlive(step) }
        if quest.filter != nil, page.strangers > 0 {
            step.dropped += page.strangers
            if page.strangers * 2 > page.records {
                return end(step, .shapeUnusable("the filter by bus is not honoured: \(page.strangers) records are of other buses"))
            }
            // Too few for a filter that does nothing: records that were spoilt.
            refused += page.strangers
        }
        if ask.kind == .narrow { return foundNarrow(step) }
        account.count(page.identities, of: page.records)
        let facts = PageAccount.Answer(records: page.records, page: page.page, limit: page.limit, totalPages: page.totalPages)
        if ask.kind == .end { account.takeEnd(facts, to: ask) } else { account.take(facts, to: ask) }
        return settle(step, page)
    }

    mutating func gaveUp(on request: UpstreamRequest, because cause: FailureClass) -> Step {
        guard !isOver, let ask = outstanding.removeValue(forKey: request) else { return Step() }
        switch ask.kind {
        case .alive where doubt.isSure:
            return end(Step(), .unproved("a filter that is refused could not be told from a quota that is spent"))
        case .alive: return end(Step(), .unproved("not even a single record was to be had"))
        case .narrow: return lostNarrow()
        case .page, .end: account.giveUp(ask)
        }
        guard ask.kind == .page, !account.isHeard, outstanding.isEmpty else { return settle(Step(), nil) }
        return lostAll(because: cause)
    }

    /// The rows that nothing on another page can better. Of a programme, and of preliminary costs, that is known only when all pages
    /// were seen: until then they are held back, for a slot that is held is not asked for again.
    private mutating func firm(_ page: CMGPage) -> [Row] {
        if quest.source.isProgramme {
            for place in page.early { early.insert(heldBack.count + place) }
            heldBack += page.rows
            return []
        }
        guard quest.source == .real else { return page.rows }
        heldBack += page.rows.filter { $0.values[CMG.Column.issued] != .integer(CMG.definitive) }
        return page.rows.filter { $0.values[CMG.Column.issued] == .integer(CMG.definitive) }
    }

    private mutating func note(_ row: Row) {
        guard quest.source.endsEarly, quest.days.isDue(row.time - row.time % 3600) else { return }
        // What is preliminary may be followed by what is definitive, on any page.
        if quest.source == .real, row.values[CMG.Column.issued] != .integer(CMG.definitive) { return }
        let place = row.series * quest.days.quarters + quest.days.index(of: row.time)
        if seen[place] { return }
        seen[place] = true
        remaining -= 1
    }

    // MARK: The end

    mutating func end(_ step: Step, _ end: CallEnd) -> Step {
        var step = step
        step.end = end
        isOver = true
        if case .proved = end { step.rows += heldBack } else { step.dropped += heldBack.count }
        heldBack = []
        // A day that is not over has fewer pages than a day.
        if step.needs == nil, quest.days.isPast, isTelling, let pages = account.total, pages > 0, pages <= account.pagesMax {
            step.needs = needs(pages)
        }
        return step
    }

    /// Whether the call says what a whole one of its shape needs: a bus's few days fit a page where its many do not.
    private var isTelling: Bool {
        quest.filter == nil || (account.total ?? 0) > 1 || quest.days.days.count >= CMG.nodeDays(pageRows: account.limit)
    }

    /// What a call of this shape needs: a scan its pages, and one for a listing that begins at page 0 after all; a node's call what the
    /// days would need that one page holds, by the least that so many pages can mean.
    private func needs(_ pages: Int) -> Step.Needs {
        guard quest.filter != nil else { return Step.Needs(requests: pages + 1, pageRows: account.limit) }
        let days = CMG.nodeDays(pageRows: account.limit)
        let rows = ((pages - 1) * account.limit + 1) * days
        let perPage = quest.days.days.count * account.limit
        return Step.Needs(requests: pages == 1 ? 1 : max(1, (rows + perPage - 1) / perPage), pageRows: account.limit)
    }

    private mutating func settle(_ step: Step, _ page: CMGPage?) -> Step {
        if quest.source.endsEarly, remaining == 0, quest.days.unsettled == nil {
            return end(step, .proved("every quarter asked for came"))
        }
        if let page, let costlier = costlier(page) { return end(step, costlier) }
        guard outstanding.isEmpty else { return step }
        // The end is not asked for where nothing could be proved by it.
        if account.isProved || (account.sum != nil && (refused > 0 || quest.days.unsettled != nil)) { return end(step, verdict) }
        let asks = account.next()
        if asks.isEmpty { return end(step, .unproved(account.shortfall)) }
        var step = step
        for ask in asks { step.requests.append(send(ask)) }
        return step
    }

    private var verdict: CallEnd {
        if refused > 0 { return .unproved("\(refused) records could not be read") }
        if let hour = quest.days.unsettled { return .unproved("\(hour), is not settled yet") }
        func keys(_ places: some Sequence<Int>) -> Set<CMGSlotKey> {
            Set(places.map { CMGSlotKey(series: heldBack[$0].series, time: heldBack[$0].time) })
        }
        let awaited = keys(early).subtracting(keys(heldBack.indices.filter { !early.contains($0) }))
        if !awaited.isEmpty { return .unproved("\(awaited.count) hours stand in an older programme only, their own day's is awaited") }
        return .proved("all \(account.distinct) records of \(account.total ?? 0) pages were seen")
    }

    /// Looked at once, on the first answer that can be believed: full, as a page is that others follow. Pages that are added later are
    /// the listing's growth.
    private mutating func costlier(_ page: CMGPage) -> CallEnd? {
        guard !isPriced, let pages = account.total, page.records > 0, page.totalPages != nil else { return nil }
        guard pages > 1 else {
            isPriced = true
            return nil
        }
        guard page.records == account.limit else { return nil }
        isPriced = true
        let needs = needs(pages)
        guard pages > requestsMax, needs.requests <= account.pagesMax else { return nil }
        let why = "the upstream has \(pages) pages of \(account.limit) records, planned were \(requestsMax) requests"
        return .costlier(needs, why)
    }
}
