internal import Bytes
internal import Series

/// A call to `GET /0/public/OHLC`: one request, the newest 720 committed candles of one series and the current one.
///
/// What the answer is worth (docs.kraken.com, get-ohlc-data, and recorded answers):
/// - `since` trims on the left and reaches back no further. Whether the candle that begins at `since` is among them is not relied on: the
///   question names an instant before the candle that comes before the first wanted one;
/// - the newest entry is the current candle, which still changes: it is never taken, nor any that begins after `last`, nor any that is
///   not over when the call begins;
/// - an interval without trades comes as a placeholder, count 0. It gives no row, and is proof that there is none;
/// - the entries stand on a grid without holes. A slot for which neither candle nor placeholder came, or one that contradicts itself, is
///   not known: the call speaks of the longest run of slots without such (`Step.witnessed`), its rows are those of all.
///
/// The slots asked for are those that begin in the order's minutes.
struct KrakenOHLCExchange: Exchange {
    /// Kraken holds 720, and the one in progress. Somewhat fewer say surely that there are no more.
    private static let fullAnswer = 700
    private let pair: KrakenPair
    private let interval: KrakenInterval
    private let periods: Range<Int>
    private let ruler: Ruler
    private let slots: Range<Int>
    /// The first slot that is not over.
    private let current: Int
    private var outstanding: UpstreamRequest?

    /// nil where the order is not one that OHLC can be asked for: one series of an interval that it serves.
    init?(_ order: CallOrder) {
        guard order.series.count == 1, let (pair, interval) = KrakenPair.series(order.series[0]), interval.isServed else { return nil }
        self.pair = pair
        self.interval = interval
        periods = order.periods
        ruler = .every(seconds: interval.minutes * 60, anchor: 0)
        slots = ruler.slots(from: Int64(periods.lowerBound) * 60, to: Int64(periods.upperBound) * 60)
        current = ruler.slot(containing: order.now)
    }

    mutating func start() -> [UpstreamRequest] {
        guard slots.lowerBound < min(slots.upperBound, current) else { return [] }
        let since = max(0, ruler.start(of: slots.lowerBound - 1) - 1)
        let request = UpstreamRequest(
            path: "/0/public/OHLC", query: [("pair", pair.name), ("interval", interval.text), ("since", String(since))], scope: pair.name)
        outstanding = request
        return [request]
    }

    mutating func received(_ answer: UpstreamAnswer, to request: UpstreamRequest) throws(AnswerDefect) -> Step {
        let listing = try KrakenListing(answer.body, of: pair)
        let candles = listing.records.map { $0.flatMap(KrakenCandle.init(fields:)) }
        if !candles.isEmpty, candles.allSatisfy({ $0 == nil }) { throw AnswerDefect(.malformed, "no record of the answer is a candle") }
        guard request == outstanding else { return Step() }
        outstanding = nil
        return sorted(candles, listing)
    }

    mutating func gaveUp(on request: UpstreamRequest, because cause: FailureClass) -> Step {
        guard request == outstanding else { return Step() }
        outstanding = nil
        var step = Step()
        step.witnessed = periods.lowerBound..<periods.lowerBound
        step.end = .unproved(
            cause == .filterIgnored ? "the answer was of another pair than \(pair)" : "the candles of \(pair) were not to be had")
        return step
    }

    // MARK: What came

    private func sorted(_ candles: [KrakenCandle?], _ listing: KrakenListing) -> Step {
        var step = Step()
        let newest = candles.compactMap { $0?.time }.max() ?? .min
        var taken: [Int: (candle: KrakenCandle, index: Int)] = [:]
        var spoilt: Set<Int> = []
        func refuse(_ index: Int, _ reason: String, at time: Int64?) {
            step.quarantined.append(
                QuarantinedRecord(reason: reason, record: listing.text(index), series: 0, time: time, place: listing.place(index)))
        }
        for (index, candle) in candles.enumerated() {
            guard let candle else {
                refuse(index, "not a candle", at: nil)
                continue
            }
            let slot = ruler.slot(containing: candle.time)
            guard candle.time < newest, candle.time <= listing.last, slot < current else { continue }
            guard slots.contains(slot) else {
                if !candle.isPlaceholder { step.dropped += 1 }
                continue
            }
            if ruler.start(of: slot) != candle.time {
                refuse(index, "off the grid", at: candle.time)
            } else if let flaw = candle.flaw {
                spoilt.insert(slot)
                refuse(index, flaw, at: candle.time)
            } else if let other = taken[slot] {
                // Of two that differ nobody can say which is right.
                if other.candle != candle, spoilt.insert(slot).inserted { refuse(other.index, "doubled", at: candle.time) }
                refuse(index, "doubled", at: candle.time)
            } else {
                taken[slot] = (candle, index)
            }
        }
        let known = taken.filter { !spoilt.contains($0.key) }.mapValues(\.candle)
        for slot in known.keys.sorted() {
            guard let candle = known[slot], !candle.isPlaceholder else { continue }
            step.rows.append(Row(series: 0, time: candle.time, values: candle.values(source: .api)))
        }
        step.isBeginning = isBeginning(candles, known)
        return ended(step, Set(known.keys))
    }

    /// Whether the pair's first trade is in the first candle that came: asked for was more, an answer could hold more, and it has no
    /// holes. Where it has no placeholder, nobody knows whether slots without a trade would have come at all.
    private func isBeginning(_ candles: [KrakenCandle?], _ known: [Int: KrakenCandle]) -> Bool {
        guard candles.count < Self.fullAnswer, let first = known.min(by: { $0.key < $1.key }), first.key > slots.lowerBound,
            !first.value.isPlaceholder, candles.contains(where: { $0?.isPlaceholder ?? false })
        else { return false }
        let times = Set(candles.compactMap { $0?.time })
        guard times.count == candles.count, times.min() == first.value.time, let newest = times.max() else { return false }
        return ruler.slot(containing: newest) - first.key == times.count - 1
    }

    private func ended(_ step: Step, _ known: Set<Int>) -> Step {
        var step = step
        var run = slots.lowerBound..<slots.lowerBound
        var longest = run
        for slot in slots {
            run = known.contains(slot) ? run.lowerBound..<slot + 1 : slot + 1..<slot + 1
            if run.count > longest.count { longest = run }
        }
        if longest == slots {
            step.witnessed = periods
            step.end = .proved("all \(slots.count) candles came, \(slots.count - step.rows.count) of them without a trade")
            return step
        }
        let minutes = longest.lowerBound * interval.minutes..<longest.upperBound * interval.minutes
        step.witnessed = minutes.clamped(to: periods)
        step.end = .unproved("\(slots.count - known.count) of \(slots.count) candles did not come or could not be read")
        return step
    }
}
