import Series
import TestSupport
import Testing

@Suite struct ForecastTests {
    /// An upstream seen one request at a time: no request before the one `quota` before it has left the window, and none sooner than a
    /// pace after the last. Shares nothing with `BudgetPace`.
    private struct Upstream {
        let quota: Int
        let window: Double
        var now = 0.0
        var sent: [Double] = []

        mutating func send(_ seconds: Double) {
            if sent.count >= quota { now = max(now, sent[sent.count - quota] + window) }
            sent.append(now)
            now += seconds
        }

        var spends: [BudgetPace.Spend] { sent.filter { $0 + window > now }.map { BudgetPace.Spend(at: $0, requests: 1) } }
    }

    @Test func thePaceOfABudgetIsThatOfRequestsOneByOne() {
        var random = Seeded(0x5EED_0001)
        for trial in 0..<200 {
            let quota = 1 + random.below(60)
            let window = Double(10 + random.below(500))
            let step = Double(1 + random.below(200)) / 10
            var upstream = Upstream(quota: quota, window: window)
            for _ in 0..<random.below(150) {
                upstream.send(step)
                if random.below(20) == 0 { upstream.now += Double(random.below(Int(window))) }
            }
            let budget = BudgetPace(quota: quota, window: window, now: upstream.now, spends: upstream.spends)
            let wanted = 1 + random.below(400)
            let before = upstream.sent.count
            for _ in 0..<wanted { upstream.send(step) }
            for n in [1, 1 + random.below(wanted), wanted] {
                let told = budget.instant(of: Double(n), pace: 1 / step)
                let truth = upstream.sent[before + n - 1]
                #expect(abs(told - truth) < 1e-3, "trial \(trial): request \(n) of \(wanted) at \(told), in truth \(truth)")
            }
        }
    }

    @Test func aRestHoldsTheFirstRequestBack() {
        let budget = BudgetPace(quota: 10, window: 100, now: 1000, spends: [.init(at: 950, requests: 10)], restUntil: 1080)
        #expect(budget.left == 0 && budget.nextAt == 1080)
        #expect(BudgetPace(quota: 10, window: 100, now: 1000, spends: [.init(at: 950, requests: 10)]).nextAt == 1050)
        #expect(BudgetPace(quota: 10, window: 100, now: 1000, spends: [.init(at: 890, requests: 10)]).nextAt == 1000)
        // The quota was lowered: of 15 spent the first 10 to leave make room for 5.
        let lowered = BudgetPace(quota: 5, window: 100, now: 1000, spends: [.init(at: 950, requests: 10), .init(at: 960, requests: 5)])
        #expect(lowered.nextAt == 1060)
    }

    @Test func lanesShareWhatGoes() {
        let queue = Forecast.Queue(ahead: [.live: 60, .history: 1000])
        // 6 parts live, 3 of repair, 1 of history: the 30 go while 60 and 10 go.
        #expect(queue.requests(until: 30, in: .repair) == 100)
        // A short one goes nearly at once beside a long back-fill.
        #expect(queue.requests(until: 6, in: .live) == 66 + 11)
        #expect(queue.requests(until: 100, in: .history) == 1160)
        #expect(Forecast.Queue().requests(until: 7, in: .history) == 7)
    }

    /// Good and bad hours come in stretches; a request's time varies. The forecast sees the past only.
    @Test func realityIsWhereTheForecastSaidInMostRuns() throws {
        var random = Seeded(0x5EED_0002)
        var (within90, near50, beyond50) = (0, 0, 0)
        let runs = 100
        for _ in 0..<runs {
            var upstream = Upstream(quota: 350, window: 3601)
            var isBad = false
            func call() -> Forecast.Sample {
                if random.below(12) == 0 { isBad.toggle() }
                let planned = random.below(4) == 0 ? 41 : 1 + random.below(10)
                let again = (0..<planned).reduce(0) { sum, _ in sum + (random.below(100) < (isBad ? 35 : 4) ? 1 : 0) }
                let begun = upstream.now
                for _ in 0..<planned + again { upstream.send(Double(2 + random.below(7)) / 4 * (isBad ? 2 : 1)) }
                return Forecast.Sample(planned: planned, spent: planned + again, begun: begun, ended: upstream.now)
            }
            let past = (0..<(20 + random.below(100))).map { _ in call() }
            upstream.now += Double(random.below(7200))
            let start = upstream.now
            let budget = BudgetPace(quota: 350, window: 3601, now: start, spends: upstream.spends)
            let calls = 5 + random.below(150)
            var planned = 0
            // What is planned is known before, how it goes is not.
            for _ in 0..<calls { planned += call().planned }
            let forecast = try #require(Forecast.of(
                planned, in: .history, budget: budget, experience: .init(samples: past, expectedPace: 1)))
            #expect(forecast.p50 <= forecast.p90)
            let truth = upstream.now - start
            if Double(forecast.p90) - start >= truth { within90 += 1 }
            let told = Double(forecast.p50) - start
            if told > truth / 1.5, told < truth * 1.5 { near50 += 1 }
            if told < truth { beyond50 += 1 }
        }
        #expect(within90 >= 75, "\(within90) of \(runs) were done by p90")
        #expect(near50 >= 75, "\(near50) of \(runs) took p50, by half as much again either way")
        #expect((20...80).contains(beyond50), "\(beyond50) of \(runs) took longer than p50")
    }

    @Test func aFreshStoreIsForecastByWhatTheDatasetSaysOfItself() throws {
        let budget = BudgetPace(quota: 350, window: 3601, now: 0)
        let forecast = try #require(Forecast.of(100, in: .live, budget: budget, experience: .init(expectedPace: 1)))
        #expect((100...150).contains(forecast.p50) && forecast.p90 >= forecast.p50 && forecast.p90 <= 200)
        // 700 more than the quota holds: two windows later at the earliest.
        let long = try #require(Forecast.of(1050, in: .live, budget: budget, experience: .init(expectedPace: 1)))
        #expect(long.p50 >= 7200 && long.p50 < 4 * 3600)
        #expect(Forecast.of(0, in: .live, budget: budget, experience: .init(expectedPace: 1)) == nil)
        #expect(Forecast.of(100, in: .live, budget: budget, experience: .init(expectedPace: 1)) == forecast)
    }

    @Test func whatCannotBeHeldSaysWhatWouldHoldIt() throws {
        let rate = RequestRate(count: 350, seconds: 3600)
        let held = Forecast.sustainability(of: SteadyDemand(requestsPerDay: 8400), rate: rate)
        #expect(held.isSustainable && held.wouldNeed == nil && held.capacityPerDay == 8400)
        let short = Forecast.sustainability(of: SteadyDemand(requestsPerDay: 8400), rate: rate, retryFactor: 1.5)
        #expect(!short.isSustainable && short.requestsPerDay == 12_600)
        let needs = try #require(short.wouldNeed)
        #expect(needs.contains("525/PT3600S instead of 350") && needs.contains("66 %") && needs.contains("1.5 times"), "\(needs)")
        // What is asked for is true: that quota holds it.
        let more = RequestRate(count: 525, seconds: 3600)
        #expect(Forecast.sustainability(of: SteadyDemand(requestsPerDay: 8400), rate: more, retryFactor: 1.5).isSustainable)
    }
}
