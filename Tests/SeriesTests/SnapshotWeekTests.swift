import Testing

import Bytes
import Series
import TestSupport

/// A week on few tokens, played through by the planner, the ledger and an upstream that keeps a bucket: no clock, no store, no socket.
struct SnapshotWeekTests {
    private static let period = 12 * 3600
    private static let price = 2.0
    private static let floor = 20.0

    /// The upstream: a step a minute, a request is let go while any is left, whatever it costs.
    private struct Bucket {
        var refill: Double
        var left: Double
        var lowest = Double.infinity
        var consumed = 0.0
        /// Requests that left less than the floor.
        var below = 0

        mutating func step() { left = min(refill * 60, left + refill) }

        mutating func answer(_ subjects: Int, at now: Double) -> TokenReading {
            left -= Double(subjects) * SnapshotWeekTests.price
            consumed += Double(subjects) * SnapshotWeekTests.price
            lowest = min(lowest, left)
            if left < SnapshotWeekTests.floor { below += 1 }
            return TokenReading(
                left: left, consumed: Double(subjects) * SnapshotWeekTests.price, refillPerMinute: refill, refillIn: 60, saidAt: now)
        }
    }

    private struct Outcome {
        /// Products that were heard of in each period.
        var kept: [Int] = []
        var bucket: Bucket
        var asked = 0
    }

    /// Plays so many days minute by minute: every half hour what lacks and is not queued is planned; the first of the queue goes when the
    /// ledger lets it.
    private static func play(products: Int, days: Int, refill: (_ minute: Int) -> Double) -> Outcome {
        let dataset = SnapshotPlannerTests.dataset(heavyTokens: 1, hour: period, lengths: ["a": 1, "b": 60])
        var outcome = Outcome(bucket: Bucket(refill: refill(0), left: refill(0) * 60))
        var ledger = TokenLedger(refillPerMinute: 5, capacityMinutes: 60, floor: floor, at: 0)
        var price = TokenLedger.Price.assumed(1)
        var seen: [SeriesKey: Int64] = [:]
        var queue: [PlannedCall] = []
        let keys = (0..<products).flatMap { id in ["a", "b"].map { SeriesKey(["t\(id)", $0]) } }
        for minute in 0..<days * 1440 {
            let now = Int64(minute) * 60
            if minute > 0 {
                outcome.bucket.refill = refill(minute)
                outcome.bucket.step()
            }
            if minute % (period / 60) == 0 {
                outcome.kept.append(0)
                // What has passed is not asked for.
                queue.removeAll { ($0.deadline ?? .max) <= now }
            }
            func lacks(_ key: SeriesKey) -> Bool {
                let ruler = dataset.calendar(of: key).ruler
                return seen[key].map { ruler.slot(containing: $0) < ruler.slot(containing: now) } ?? true
            }
            if minute % 30 == 0 {
                let queued = Set(queue.flatMap(\.series))
                var around = Circumstances(now: now)
                around.seen = seen
                around.tokenPrices = ["1 by the page": price.mean]
                var demand: [Demand] = []
                for key in keys where !queued.contains(key) && lacks(key) {
                    let slot = dataset.calendar(of: key).ruler.slot(containing: now)
                    around.ledgers[key] = Ledger(key: key, held: seen[key] == nil ? SlotSet() : SlotSet(slot - 1..<slot))
                    demand.append(Demand(series: key, missing: SlotSet(slot..<slot + 1)))
                }
                let facts = TokenFacts(ledger: ledger, reserved: 0, prices: price.samples > 0 ? ["1 by the page": price] : [:])
                queue += dataset.plan(demand, shapes: dataset.shapes.map(facts.fitted), circumstances: around).calls
            }
            ledger = ledger.advanced(to: Double(now))
            while let call = queue.first {
                let wanted = Set(call.series.filter(lacks).map { $0.values[0] })
                let facts = TokenFacts(ledger: ledger, reserved: 0, prices: price.samples > 0 ? ["1 by the page": price] : [:])
                let some = wanted.sorted().prefix(facts.subjectsAtOnce(call.shape))
                if some.isEmpty {
                    queue.removeFirst()
                    continue
                }
                guard case .granted = ledger.verdict(on: some.count, price: price, reserved: 0) else { break }
                let reading = outcome.bucket.answer(some.count, at: Double(now))
                ledger = ledger.hearing(reading, sentAt: Double(now), at: Double(now))
                price = price.learning(reading.consumed, subjects: some.count, at: Double(now))
                outcome.asked += some.count
                outcome.kept[outcome.kept.count - 1] += some.count
                for key in call.series where some.contains(key.values[0]) { seen[key] = now }
                if some.count == wanted.count { queue.removeFirst() }
            }
        }
        return outcome
    }

    /// 7,200 tokens a day at two a product: 1,800 in half a day at most. As many are kept, and that was told.
    @Test func aWeekKeepsWhatTheTokensPayFor() {
        let outcome = Self.play(products: 2200, days: 7) { _ in 5 }
        let most = 5 * Self.period / 60 / 2
        let forecast = RefreshDemand(
            subjects: 2200, groups: [.init(seconds: Self.period, price: Self.price, comesWithLonger: false)]).held(by: 5)
        #expect(outcome.kept.count == 14 && forecast == most)
        for kept in outcome.kept {
            #expect(Double(kept) >= 0.95 * Double(most), "\(outcome.kept)")
            #expect(abs(Double(kept - forecast)) <= 0.1 * Double(forecast), "\(outcome.kept)")
        }
        #expect(outcome.bucket.lowest >= Self.floor)
    }

    @Test func whatFitsIsKeptWhole() {
        let outcome = Self.play(products: 1500, days: 3) { _ in 5 }
        #expect(outcome.kept.allSatisfy { $0 == 1500 }, "\(outcome.kept)")
        #expect(outcome.bucket.lowest >= Self.floor)
    }

    /// Five times as many a minute, and back: more tokens never do less, and each is worth as much as before.
    @Test func morePayForMore() {
        let outcome = Self.play(products: 2400, days: 3) { minute in (1440..<2880).contains(minute) ? 5 : 1 }
        let (before, between, after) = (outcome.kept[1], outcome.kept[3], outcome.kept[5])
        #expect(Double(before) >= 0.95 * 360 && Double(between) >= 0.95 * 1800 && Double(after) >= 0.95 * 360, "\(outcome.kept)")
        // That the bucket has become smaller is learnt by an answer: the one request before it may cost more than there is.
        #expect(outcome.bucket.consumed == Double(outcome.asked) * Self.price && outcome.bucket.below <= 1, "\(outcome.bucket)")
    }
}
