internal import Bytes
internal import Series

/// A call to `GET /v2/aggs/grouped/locale/us/market/stocks/{date}`: the bars of all tickers in one session, some ten thousand, of which
/// the order's are taken. Bars of others were asked for by nobody, and are not counted as dropped.
///
/// An answer without a ticker proves nothing of that ticker, for now and then one is left out. An answer without any says that there was no
/// session, once it is over. Such an answer has no pages.
struct EquitySessionExchange: Exchange {
    private let day: Int
    private let series: [SeriesKey]
    private let places: [String: Int]
    private let sessions: EquitySessions
    private let now: Int64
    private var outstanding: UpstreamRequest?
    private var attempt = 0

    private static let patience = 8

    /// nil where the order is not one session's.
    init?(_ order: CallOrder, _ sessions: EquitySessions) {
        guard order.periods.count == 1, let day = order.periods.first, (0..<47_482).contains(day), !order.series.isEmpty,
            order.series.allSatisfy({ $0.values.count == 1 })
        else { return nil }
        self.day = day
        self.sessions = sessions
        series = order.series
        now = order.now
        places = Dictionary(order.series.enumerated().map { ($0.element.values[0], $0.offset) }) { first, _ in first }
    }

    mutating func start() -> [UpstreamRequest] { [send()] }

    private mutating func send() -> UpstreamRequest {
        let request = UpstreamRequest(
            path: "/v2/aggs/grouped/locale/us/market/stocks/\(LocalDate(daysSince1970: day))",
            query: [("adjusted", "true"), ("include_otc", "false")], attempt: attempt, isDoubtful: true, mayBeForbidden: true)
        outstanding = request
        return request
    }

    mutating func received(_ answer: UpstreamAnswer, to request: UpstreamRequest) throws(AnswerDefect) -> Step {
        let answer = try EquitiesAnswer(answer.body, of: nil)
        if !answer.records.isEmpty, answer.records.allSatisfy({ $0.ticker == nil }) {
            throw AnswerDefect(.malformed, "no bar of the session names its ticker")
        }
        guard request == outstanding else { return Step() }
        outstanding = nil
        var step = Step()
        guard !answer.records.isEmpty else {
            let date = LocalDate(daysSince1970: day)
            step.end = sessions.isDue(day, at: now)
                ? .proved("the upstream has no bar at all of \(date)") : .unproved("the session of \(date) is not over")
            return step
        }
        take(answer, &step)
        step.end = .proved("\(step.rows.count) of \(series.count) tickers are among the \(answer.records.count) bars of the session")
        return step
    }

    private func take(_ answer: EquitiesAnswer, _ step: inout Step) {
        var bars: [Int: EquityBar] = [:]
        for (index, record) in answer.records.enumerated() {
            guard let place = record.ticker.flatMap({ places[$0] }), sessions.of(series[place]).contains(day) else { continue }
            let bar = EquityBar(record)
            var reason = bar.flaw
            var isPlaced = true
            if !sessions.isClose(bar.stamp, of: day) {
                // Of which session it is nobody knows: the ticker is asked for by itself.
                reason = reason ?? EquityBar.Flaw.notThisSession
                isPlaced = false
            } else if let other = bars[place] {
                if other.isSame(as: bar) {
                    step.dropped += 1
                    continue
                }
                reason = EquityBar.Flaw.twice
            } else {
                bars[place] = bar
            }
            if let reason {
                let text = String(decoding: record.text.prefix(QuarantinedRecord.bytesMax + 1), as: UTF8.self)
                step.quarantined.append(
                    QuarantinedRecord(
                        reason: reason, record: text, series: place, time: isPlaced ? sessions.start(day) : nil,
                        place: "results[\(index)]"))
            } else {
                step.rows.append(Row(series: place, time: sessions.start(day), values: bar.values))
            }
        }
        step.witnessed = day..<day + 1
        step.unanswered = Set(series.indices).subtracting(step.rows.map(\.series))
    }

    mutating func gaveUp(on request: UpstreamRequest, because cause: FailureClass) -> Step {
        guard request == outstanding else { return Step() }
        outstanding = nil
        var step = Step()
        switch cause {
        case .throttled where attempt < Self.patience:
            // A doubtful request is given up early: this one waits for the quota like any other.
            attempt += 1
            step.requests = [send()]
        case .forbidden: step.end = forbidden
        case .filterIgnored: step.end = .unproved("the bars of the session are not adjusted for splits")
        default: step.end = .unproved("the bars of the session of \(LocalDate(daysSince1970: day)) were not to be had")
        }
        return step
    }

    /// Days back from now of which a refusal says that the plan has no sessions at all: every plan that has any has these.
    private static let recentDays = 30

    /// A 403 may be of this session alone: it is not over, or is older than what the upstream's plan reaches back to.
    private var forbidden: CallEnd {
        if !sessions.isDue(day, at: now) { return .unproved("the upstream does not serve the session before it is over") }
        if day < sessions.zone.day(at: now).daysSince1970 - Self.recentDays {
            return .unproved("the upstream's plan does not serve this session; POLYGON_HISTORY says how far back it does")
        }
        return .shapeUnusable("the upstream's plan does not serve whole sessions")
    }
}
