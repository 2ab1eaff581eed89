internal import Bytes
internal import Series

/// A call to the marginal-cost API: some days of one bus (filtered), or one day of all of them.
///
/// It asks for the first page, then for all others at once, then again for those that came empty or short. It ends as proved as soon
/// as every quarter asked for has come, or when the pages' arithmetic leaves no record unseen (`PageAccount`).
///
/// What an answer is worth:
/// - rows of other buses in a scan are what a scan is, and are not counted as dropped; in a filtered call they mean that the filter
///   does nothing, and the call ends as unusable in this shape, keeping the rows that were wanted;
/// - records that cannot be read go to quarantine and leave the call unproved, for they are there; those of the hour before a doubled
///   one go there too but change nothing: that hour is never to be had;
/// - a record that comes twice is given out twice; the store keeps the last.
struct CMGExchange: Exchange {
    private let quest: CMGQuest
    private var account: PageAccount
    private var outstanding: [UpstreamRequest: PageAccount.Ask] = [:]
    /// By series and quarter, what came.
    private var seen: [Bool]
    /// Quarters asked for and obtainable that did not come yet.
    private var remaining: Int
    private var refused = 0
    private var isOver = false

    init(_ order: CallOrder, zone: Zone) {
        quest = CMGQuest(order, zone: zone)
        // A node's call fits one page, a scan 40. Twice that and more is another thing than was planned.
        account = PageAccount(limit: CMG.pageRows, pagesMax: quest.filter == nil ? 200 : 64)
        seen = Array(repeating: false, count: quest.seriesCount * quest.days.quarters)
        remaining = quest.seriesCount * quest.days.obtainable
    }

    mutating func start() -> [UpstreamRequest] { [send(account.first())] }

    private mutating func send(_ ask: PageAccount.Ask) -> UpstreamRequest {
        var query = [
            ("startDate", quest.days.firstDate), ("endDate", quest.days.lastDate), ("page", String(ask.page)), ("limit", String(ask.limit)),
        ]
        if let bus = quest.filter { query.append(("bar_transf", bus)) }
        let request = UpstreamRequest(path: CMG.path, query: query, attempt: ask.attempt)
        outstanding[request] = ask
        return request
    }

    mutating func received(_ answer: UpstreamAnswer, to request: UpstreamRequest) throws(AnswerDefect) -> Step {
        let page = try CMGPage(answer.body, for: quest)
        var step = Step()
        guard !isOver, let ask = outstanding.removeValue(forKey: request) else { return step }
        step.rows = page.rows
        step.dropped = page.dropped
        step.quarantined = page.quarantined
        refused += page.refused
        for row in page.rows { note(row) }
        if quest.filter != nil, page.strangers > 0 {
            step.dropped += page.strangers
            return end(step, .shapeUnusable("the filter by bus is not honoured: \(page.strangers) records are of other buses"))
        }
        account.take(
            .init(records: page.records, page: page.page, limit: page.limit, totalPages: page.totalPages),
            identities: page.identities, to: ask)
        return settle(step)
    }

    mutating func gaveUp(on request: UpstreamRequest) -> Step {
        guard !isOver, let ask = outstanding.removeValue(forKey: request) else { return Step() }
        account.giveUp(ask)
        return settle(Step())
    }

    private mutating func note(_ row: Row) {
        let place = row.series * quest.days.quarters + quest.days.index(of: row.time)
        if seen[place] { return }
        seen[place] = true
        remaining -= 1
    }

    private mutating func end(_ step: Step, _ end: CallEnd) -> Step {
        var step = step
        step.end = end
        isOver = true
        return step
    }

    private mutating func settle(_ step: Step) -> Step {
        if remaining == 0 { return end(step, .proved("every quarter asked for came")) }
        guard outstanding.isEmpty else { return step }
        if account.isComplete {
            if refused > 0 { return end(step, .unproved("\(refused) records could not be read")) }
            return end(step, .proved("all \(account.distinct) records of \(account.total ?? 0) pages were seen"))
        }
        let asks = account.next()
        if asks.isEmpty { return end(step, .unproved(account.shortfall)) }
        var step = step
        for ask in asks { step.requests.append(send(ask)) }
        return step
    }
}
