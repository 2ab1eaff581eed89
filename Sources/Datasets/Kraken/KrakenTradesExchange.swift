internal import Bytes
internal import Series

/// A call to `GET /0/public/Trades`: the tape of a pair from the order's first minute on, page by page, made into candles of all the
/// intervals asked for in one pass.
///
/// **Paging.** By `last`, the exact nanoseconds that an answer ends at, never by a trade's own time. Several trades may bear one
/// nanosecond and stand on two pages, and whether the trades at `since` itself are answered is told nowhere for sure: so the next page is
/// asked for from one nanosecond before `last`, which repeats at least the last trade, and `KrakenTape` takes each trade once. Where it
/// finds trades missing, or some cannot be read, the page is asked for once more; if it comes so again, the candles that the lost trades
/// may belong to are not given, and the proof ends before them.
///
/// **The beginning.** Later pages join the one before, the first has none: one that was meant for another question looks like silence up
/// to its first trade. So where the first answer begins with a minute or more of silence, another question goes further back: the trade
/// before the silence has to bear the id before the first one's. Where there are no ids, a second answer has to begin alike.
///
/// **What closes a candle.** A trade of a later interval, or a `last` beyond its end. At the end of the tape there is neither: there, a
/// page that is not full and a next one that brings nothing new say that nothing was traded until a minute before the call began (a trade
/// may take a moment to be told of). An empty answer whose `last` is not before the call's beginning says so up to it.
///
/// **The end.** Proved where everything in the order's minutes was seen. `order.requests` pages are read at most; questions that ask
/// twice (`attempt > 0`) are not counted. If they do not suffice the call ends unproved, with the candles that are whole by then, and
/// `Step.witnessed` says up to which minute nothing is left to learn: a slot there without a row is empty, and the next call goes on from
/// there. It could not know its cost beforehand, for an answer does not tell how much follows.
///
/// **Digits of the vwap.** Answers pad prices with zeros, so the pair's digits are taken to be the most that a price had in this
/// call so far: too few only where all of a call's prices end in zero.
struct KrakenTradesExchange: Exchange {
    /// Trades that an answer holds at most, and that is asked for.
    private let pageSize: Int
    /// How long a trade may take until answers tell of it.
    static let settleNanoseconds: Int64 = 60 * nanosecond
    private static let nanosecond: Int64 = 1_000_000_000

    private let pair: KrakenPair
    private let periods: Range<Int>
    private let now: Int64
    private let pagesMax: Int
    private let from: Int64
    private let target: Int64
    private var builders: [CandleBuilder] = []
    private var tape = KrakenTape()
    private var decimals = 0
    /// Everything before this instant was seen, nanoseconds.
    private var seen: Int64
    /// From here on something was lost.
    private var lostFrom: Int64?
    private var since: Int64
    private var attempt = 0
    private var pages = 0
    /// The last answer looked like the tape's end.
    private var isAtEnd = false
    /// The outstanding question asks again because of what was missing.
    private var isSecondLook = false
    private var outstanding: UpstreamRequest?
    private var isOpened = false
    /// The pair's first trade ever is among those that were seen.
    private var isBeginning = false
    /// The first page, while it is not known whether anything stands before it.
    private var opening: KrakenTradesPage?
    /// What answers began with (nanoseconds; nothing: `.max`) that did not agree.
    private var openings: [Int64] = []
    /// Questions about the beginning.
    private var looksBack = 0
    private static let looksBackMax = 8
    /// Seconds before the call's first minute from which is asked for a trade before it; the last is before all trade.
    private static let distances: [Int64] = [600, 36_000, 2_592_000, 3_153_600_000]
    private var distance = 0
    /// Where a full page of what stands before ended.
    private var reached: Int64 = 0

    /// nil where the order is not one that Trades can be asked for: series of one pair.
    init?(_ order: CallOrder, pageSize: Int = 1000) {
        let named = order.series.compactMap(KrakenPair.series)
        guard let pair = named.first?.pair, named.count == order.series.count, named.allSatisfy({ $0.pair == pair }) else { return nil }
        self.pair = pair
        self.pageSize = pageSize
        periods = order.periods
        now = Self.nanoseconds(order.now)
        pagesMax = max(1, order.requests)
        from = Self.nanoseconds(Int64(periods.lowerBound) * 60)
        target = min(Self.nanoseconds(Int64(periods.upperBound) * 60), now)
        seen = from
        since = max(0, from - 1)
        builders = named.enumerated().map { CandleBuilder(series: $0.offset, $0.element.interval, periods: order.periods) }
    }

    private static func nanoseconds(_ seconds: Int64) -> Int64 {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: nanosecond)
        return overflow ? (seconds < 0 ? 0 : .max) : max(0, product)
    }

    mutating func start() -> [UpstreamRequest] { seen < target ? [send()] : [] }

    mutating func received(_ answer: UpstreamAnswer, to request: UpstreamRequest) throws(AnswerDefect) -> Step {
        let page = try KrakenTradesPage(answer.body, of: pair)
        if opening != nil, request == outstanding { return lookedBack(page) }
        let joined = tape.join(page)
        try check(joined, page)
        guard request == outstanding else { return Step() }
        outstanding = nil
        var step = Step()
        if !joined.gaps.isEmpty, !isSecondLook {
            isSecondLook = true
            attempt += 1
            step.requests = [send()]
            return step
        }
        isSecondLook = false
        if let question = doubt(page) {
            guard looksBack <= Self.looksBackMax else { return end(step, otherwise: "no two answers tell alike what the tape begins with") }
            step.requests = [question]
            return step
        }
        take(page, joined, &step)
        return next(after: page, joined, step)
    }

    mutating func gaveUp(on request: UpstreamRequest, because cause: FailureClass) -> Step {
        guard request == outstanding else { return Step() }
        outstanding = nil
        let why = cause == .filterIgnored ? "an answer was of another pair than \(pair)" : "a page of trades was not to be had"
        return end(Step(), otherwise: why)
    }

    // MARK: Pages

    private mutating func send() -> UpstreamRequest { send(from: since) }

    private mutating func send(from since: Int64) -> UpstreamRequest {
        if attempt == 0 { pages += 1 }
        let request = UpstreamRequest(
            path: "/0/public/Trades", query: [("pair", pair.name), ("since", String(since)), ("count", String(pageSize))],
            attempt: attempt, scope: pair.name)
        outstanding = request
        return request
    }

    // MARK: The beginning

    /// The next question where it is not known yet what the tape begins with; nil where it is.
    private mutating func doubt(_ page: KrakenTradesPage) -> UpstreamRequest? {
        if isOpened { return nil }
        let first = page.trades.map(\.nanoseconds).min() ?? .max
        isOpened = first < from + 60 * Self.nanosecond || openings.contains(first) || page.trades.contains { $0.id == 1 }
        isBeginning = isBeginning || page.trades.contains { $0.id == 1 }
        if isOpened { return nil }
        looksBack += 1
        attempt += 1
        guard !page.trades.isEmpty, page.quarantined.isEmpty, page.trades.allSatisfy({ $0.id != nil }) else {
            openings.append(first)
            return send()
        }
        opening = page
        (distance, reached) = (0, 0)
        return sendBack()
    }

    private mutating func sendBack() -> UpstreamRequest {
        send(from: max(0, from - Self.distances[distance] * Self.nanosecond))
    }

    /// An answer about what stands before the silence.
    private mutating func lookedBack(_ page: KrakenTradesPage) -> Step {
        var step = Step()
        outstanding = nil
        guard let first = opening, let firstID = first.trades.compactMap(\.id).min() else { return step }
        let before = page.trades.filter { $0.nanoseconds < from }.compactMap(\.id).max()
        let after = page.trades.filter { $0.nanoseconds >= from }.compactMap(\.id).min()
        let isTapesBeginning = before == nil && after == firstID && distance == Self.distances.count - 1
        looksBack += 1
        attempt += 1
        if isTapesBeginning || before.map({ $0 + 1 == firstID }) ?? false {
            (isOpened, opening, isBeginning) = (true, nil, isTapesBeginning)
            let joined = tape.join(first)
            if !joined.gaps.isEmpty {
                isSecondLook = true
                step.requests = [send()]
                return step
            }
            take(first, joined, &step)
            return next(after: first, joined, step)
        }
        if looksBack > Self.looksBackMax { return end(step, otherwise: "what the tape begins with is not told") }
        if after ?? .max < firstID {
            // The first page was not the answer to its question.
            opening = nil
            step.requests = [send()]
            return step
        }
        if before == nil, distance + 1 < Self.distances.count { distance += 1 }
        // A full page that ends before the silence: on from there.
        let end = page.trades.map(\.nanoseconds).max() ?? 0
        let goesOn = after == nil && before != nil && page.count >= pageSize
        if goesOn, end > reached {
            reached = end
            looksBack -= 1
        }
        step.requests = [goesOn ? send(from: end - 1) : sendBack()]
        return step
    }

    /// Trades go forward. Within a minute they may be told out of order: no candle is closed by that. And `last` is where they end:
    /// what goes on from anywhere else would leave trades out.
    private func check(_ joined: KrakenTape.Joined, _ page: KrakenTradesPage) throws(AnswerDefect) {
        // (Times come as binary fractions of seconds, which lose some hundred nanoseconds.)
        if let first = page.trades.map(\.nanoseconds).min(), first < since - 1000 {
            throw AnswerDefect(.malformed, "trades are from before what was asked for")
        }
        if let end = page.trades.map(\.nanoseconds).max() {
            let isFar = page.last < end - Self.nanosecond || (page.count >= pageSize && page.last > end + Self.nanosecond)
            if isFar { throw AnswerDefect(.malformed, "`last` is not where the trades end") }
        }
        let minute = 60 * Self.nanosecond
        var latest = seen - seen % minute
        for trade in joined.trades {
            if trade.nanoseconds < latest { throw AnswerDefect(.malformed, "trades are out of order, or from before what was asked for") }
            latest = max(latest, trade.nanoseconds - trade.nanoseconds % minute)
        }
    }

    private mutating func take(_ page: KrakenTradesPage, _ joined: KrakenTape.Joined, _ step: inout Step) {
        step.quarantined = page.quarantined
        decimals = joined.trades.reduce(decimals) { max($0, $1.price.scale) }
        for (place, trade) in joined.trades.enumerated() {
            if joined.gaps.contains(place) { lose(upTo: trade.nanoseconds) }
            for index in builders.indices { builders[index].add(trade, decimals: decimals, into: &step) }
            seen = max(seen, trade.nanoseconds)
        }
        tape.take(page, joined)
        // What follows the last trade that could be read is not known; and what follows a full page's last trade is on the next one.
        let isOpen = joined.gaps.contains(joined.trades.count) || page.count >= pageSize
        see(upTo: isOpen ? seen : min(page.last, now), &step)
    }

    private mutating func see(upTo instant: Int64, _ step: inout Step) {
        seen = max(seen, instant)
        for index in builders.indices { builders[index].close(upTo: seen, decimals: decimals, into: &step) }
    }

    private mutating func lose(upTo instant: Int64) {
        lostFrom = lostFrom ?? seen
        for index in builders.indices { builders[index].lose(upTo: instant) }
    }

    private mutating func next(after page: KrakenTradesPage, _ joined: KrakenTape.Joined, _ step: Step) -> Step {
        var step = step
        if seen >= target { return end(step, otherwise: "not all of it is over yet") }
        let isShort = page.count < pageSize
        if joined.trades.isEmpty {
            if !isShort { return end(step, otherwise: "more trades in one instant than a page holds") }
            if !joined.gaps.isEmpty { return end(step, otherwise: "the newest trades could not be read") }
            if isAtEnd {
                if now < .max { see(upTo: now - Self.settleNanoseconds, &step) }
                return end(step, otherwise: "the tape ends before the last minutes asked for")
            }
        }
        isAtEnd = isShort
        let from = page.trades.isEmpty ? since : max(since, page.last - 1)
        attempt = from == since ? attempt + 1 : isShort ? 1 : 0
        since = from
        if attempt == 0, pages >= pagesMax { return end(step, otherwise: "the \(pagesMax) requests planned were spent") }
        step.requests = [send()]
        return step
    }

    // MARK: The end

    private func end(_ step: Step, otherwise why: String) -> Step {
        var step = step
        let losses = builders.compactMap { $0.lost.map(Self.nanoseconds) } + [lostFrom, seen].compactMap { $0 }
        let minutes = Int((losses.min() ?? from) / (60 * Self.nanosecond))
        let until = min(max(minutes, periods.lowerBound), periods.upperBound)
        step.witnessed = periods.lowerBound..<until
        step.isBeginning = isBeginning && lostFrom == nil
        if until == periods.upperBound {
            let ids = tape.firstID.flatMap { first in tape.lastID.map { ", ids \(first) to \($0) without a hole" } } ?? ""
            step.end = .proved("all \(tape.count) trades were seen\(ids)")
        } else {
            step.end = .unproved(lostFrom == nil ? why : "trades are missing from the answers")
        }
        return step
    }
}
