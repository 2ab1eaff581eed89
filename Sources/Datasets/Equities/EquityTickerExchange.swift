internal import Bytes
internal import Series

/// A call to `GET /v2/aggs/ticker/{ticker}/range/1/day/{from}/{to}`: the bars of one ticker, oldest first, page by page.
///
/// **Today.** Asked is up to the local date of the order, whatever its periods are: the newest bar comes for nothing, and bars that are
/// held show by it whether a split has made them other ones. Where answers are known to hold few bars, no more is asked than one holds.
///
/// **The end.** The page without a `next_url` is the last; what did not come by then is not there. A page that cannot be had leaves all
/// unproved, and the bars that came are rows.
///
/// **Price.** A call is planned as one request. Where a page is followed by another although the plan does not pay for it, the call ends
/// with what it needs; once that is known (`order.pageRows`), pages are read to the end.
///
/// **403.** A plan of the upstream's that reaches back two years refuses a question that begins before: it is asked once more from two
/// years back, and what is older stays missing.
struct EquityTickerExchange: Exchange {
    private let ticker: String
    private let periods: Range<Int>
    private let sessions: EquitySessions
    private let listed: SlotSet
    private let now: Int64
    private let today: Int?
    private let to: Int
    private let pagesMax: Int
    private let pageRows: Int?
    private var from: Int
    private var gathering: EquityGathering
    private var page: EquitiesPage
    private var asked: Set<EquitiesPage> = []
    private var outstanding: UpstreamRequest?
    private var attempt = 0
    private var refusals = 0
    private var pages = 0
    private var pageMost = 0
    private var barren = 0
    /// The first day that the upstream's plan reaches back to, where it refused to say what was before.
    private var reach: Int?

    /// Sessions without a bar before the first one, by which nothing was there earlier.
    static let beginningSilence = 60
    /// Due sessions without a bar at the end, by which nothing comes any more.
    static let endSilence = 60
    /// Days that the upstream's smallest plan reaches back.
    static let reachDays: Int64 = 730
    /// Pages in a row that may bring nothing new.
    private static let barrenMost = 3
    /// Times that a page is asked for again which was refused for the quota's sake.
    private static let patience = 8

    /// nil where the order is not one ticker's.
    init?(_ order: CallOrder, _ sessions: EquitySessions) {
        guard order.series.count == 1, let ticker = order.series[0].values.first, Self.isName(ticker), !order.periods.isEmpty,
            (0...Self.lastDay).contains(order.periods.lowerBound), order.periods.upperBound <= Self.lastDay
        else { return nil }
        let listed = sessions.of(order.series[0])
        let from = order.periods.lowerBound
        var to = order.periods.upperBound - 1
        today = order.now < sessions.start(Self.lastDay) ? sessions.zone.day(at: order.now).daysSince1970 : nil
        if let today, today > to, order.pageRows.map({ listed.count(in: from..<today + 1) <= $0 }) ?? true { to = today }
        self.ticker = ticker
        self.sessions = sessions
        self.listed = listed
        (periods, now, self.from, self.to) = (order.periods, order.now, from, to)
        pageRows = order.pageRows
        pagesMax = order.pageRows == nil ? max(1, order.requests) : .max
        gathering = EquityGathering(order.series[0], sessions, listed: listed, days: from...to)
        page = Self.question(ticker, from, to)
    }

    /// A dataset's days lie between 1970 and 2100.
    private static let lastDay = 47_482

    /// What is one segment of a path.
    private static func isName(_ ticker: String) -> Bool {
        !ticker.isEmpty && ticker.utf8.count <= 32 && ticker != "." && ticker != ".."
            && ticker.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
    }

    private static func question(_ ticker: String, _ from: Int, _ to: Int) -> EquitiesPage {
        EquitiesPage(ticker, from: LocalDate(daysSince1970: from).description, to: LocalDate(daysSince1970: to).description)
    }

    mutating func start() -> [UpstreamRequest] {
        asked.insert(page)
        return [send()]
    }

    private mutating func send() -> UpstreamRequest {
        let request = page.request(attempt: attempt)
        outstanding = request
        return request
    }

    mutating func received(_ answer: UpstreamAnswer, to request: UpstreamRequest) throws(AnswerDefect) -> Step {
        let answer = try EquitiesAnswer(answer.body, of: ticker)
        guard request == outstanding else { return Step() }
        outstanding = nil
        (attempt, refusals) = (0, 0)
        pages += 1
        pageMost = max(pageMost, answer.records.count)
        barren = gathering.take(answer.records) ? 0 : barren + 1
        guard let address = answer.next else { return whole }
        guard let next = EquitiesPage(following: address, of: ticker) else {
            return end(.unproved("the next page's address is not one of the bars of \(ticker)"))
        }
        guard asked.insert(next).inserted else { return end(.unproved("the next page is one that was read already")) }
        if barren >= Self.barrenMost { return end(.unproved("\(barren) pages in a row brought nothing new")) }
        if pages >= pagesMax { return costlier }
        page = next
        var step = Step()
        step.requests = [send()]
        return step
    }

    mutating func gaveUp(on request: UpstreamRequest, because cause: FailureClass) -> Step {
        guard request == outstanding else { return Step() }
        outstanding = nil
        var step = Step()
        switch cause {
        case .throttled where refusals < Self.patience:
            // A doubtful request is given up early: this one waits for the quota like any other.
            refusals += 1
            attempt += 1
            step.requests = [send()]
            return step
        case .forbidden where pages == 0: return narrowed
        case .forbidden: return end(.unproved("the upstream's plan does not serve all pages of \(ticker)"))
        case .badRequest where pages == 0: return end(.unproved("the upstream does not know the ticker \(ticker)"))
        case .filterIgnored: return end(.unproved("the bars of \(ticker) are not adjusted for splits"))
        default: return end(.unproved(pages == 0 ? "the bars of \(ticker) were not to be had" : "a page of \(ticker) did not come"))
        }
    }

    /// The question once more, from where the upstream's plan reaches to.
    private var narrowed: Step {
        mutating get {
            guard reach == nil, let today else { return end(.unproved(Self.unserved(ticker))) }
            let first = Self.reach(at: now, in: sessions.zone)
            guard first > from else { return end(.unproved(Self.unserved(ticker))) }
            guard first <= min(to, today), first < periods.upperBound else {
                return end(.unproved("\(Self.older(first)); POLYGON_HISTORY=P\(Self.reachDays)D says so"))
            }
            reach = first
            from = first
            page = Self.question(ticker, from, to)
            asked.insert(page)
            attempt = 1
            var step = Step()
            step.requests = [send()]
            return step
        }
    }

    /// The first day that the upstream's smallest plan is sure to serve: that on which two years are over may or may not be.
    static func reach(at now: Int64, in zone: Zone) -> Int { zone.day(at: now - reachDays * 86_400).daysSince1970 + 1 }

    private static func unserved(_ ticker: String) -> String {
        "the upstream's plan does not serve these bars of \(ticker); where they are too old for it, POLYGON_HISTORY is to say how far it "
            + "reaches"
    }

    private static func older(_ first: Int) -> String {
        "the upstream's plan does not serve bars from before \(LocalDate(daysSince1970: first))"
    }

    // MARK: Ends

    private func end(_ end: CallEnd) -> Step {
        var step = Step()
        gathering.give(to: &step)
        step.end = end
        return step
    }

    /// The last page was read.
    private var whole: Step {
        if gathering.unplaced > 0 { return end(.unproved("\(gathering.unplaced) bars do not tell their session")) }
        var step: Step
        if let reach {
            step = end(.unproved("\(Self.older(reach)); POLYGON_HISTORY=P\(Self.reachDays)D says so"))
            step.witnessed = max(reach, periods.lowerBound)..<periods.upperBound
        } else {
            step = end(.proved("all \(pages == 1 ? "bars of the answer" : "\(pages) pages") were seen"))
            step.isBeginning = isBeginning
            if isBeginning { step.beginsAt = gathering.first.map(sessions.start) }
            step.silentSince = silentSince.map(sessions.start)
            step.isGone = step.silentSince != nil
        }
        if pages > 1 || pageMost > pageRows ?? .max { step.needs = Step.Needs(requests: pages, pageRows: max(1, pageMost)) }
        return step
    }

    /// Told by the first answer: a plan that pays for less is made anew before more is spent.
    private var costlier: Step {
        let rows = max(1, pageMost)
        let requests = max(pages + 1, (listed.count(in: from..<to + 1) + rows - 1) / rows)
        return end(
            .costlier(
                Step.Needs(requests: requests, pageRows: rows),
                "a page holds \(rows) bars, all are about \(requests) requests; planned were \(pagesMax)"))
    }

    private var isBeginning: Bool {
        guard let first = gathering.first else { return false }
        return listed.count(in: from..<first) >= Self.beginningSilence
    }

    /// The first of so many due sessions in a row, up to now, that are without a bar.
    private var silentSince: Int? {
        guard let today, to >= today else { return nil }
        var left = Self.endSilence
        for range in listed.intersection(from..<today + 1).ranges.reversed() {
            for day in range.reversed() where sessions.isDue(day, at: now) {
                left -= 1
                if left == 0 { return (gathering.last.map { $0 < day } ?? true) ? day : nil }
            }
        }
        return nil
    }
}
