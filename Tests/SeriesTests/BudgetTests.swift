import Testing
import TestSupport

@testable import Series

@Suite("Retries, rates, budgets, selections")
struct BudgetTests {
    private static let policy = RetryPolicy(maxAttempts: 5, baseSeconds: 60, capSeconds: 300, retryAfterCapSeconds: 900)

    @Test func backOffDoublesUpToTheCapWithFullJitter() {
        for (attempt, ceiling) in [(1, 60.0), (2, 120.0), (3, 240.0), (4, 300.0)] {
            #expect(Self.policy.decision(for: .server, attempt: attempt, jitter: 0) == .retry(afterSeconds: 0))
            #expect(Self.policy.decision(for: .timeout, attempt: attempt, jitter: 0.5) == .retry(afterSeconds: ceiling / 2))
        }
        #expect(Self.policy.decision(for: .transport, attempt: 5, jitter: 0.5) == .giveUp)
    }

    @Test func retryAfterIsObeyedUpToACap() {
        #expect(Self.policy.decision(for: .throttled(retryAfterSeconds: 17), attempt: 1, jitter: 0) == .retry(afterSeconds: 17))
        #expect(Self.policy.decision(for: .throttled(retryAfterSeconds: 17), attempt: 3, jitter: 0.5) == .retry(afterSeconds: 77))
        #expect(Self.policy.decision(for: .throttled(retryAfterSeconds: 86_400), attempt: 1, jitter: 0) == .retry(afterSeconds: 900))
        #expect(Self.policy.decision(for: .throttled(retryAfterSeconds: -5), attempt: 1, jitter: 0) == .retry(afterSeconds: 0))
        #expect(Self.policy.decision(for: .throttled(retryAfterSeconds: nil), attempt: 1, jitter: 0.5) == .retry(afterSeconds: 30))
    }

    @Test(arguments: [FailureClass.refused, .badRequest, .tooLarge, .filterIgnored])
    func whatWouldFailAgainIsNotAskedAgain(_ failure: FailureClass) {
        #expect(Self.policy.decision(for: failure, attempt: 1, jitter: 0.5) == .giveUp)
    }

    @Test(arguments: [
        ("350/PT1H", 350, 3600), ("5/PT1M", 5, 60), ("10/PT1S", 10, 1), ("1/P1DT12H", 1, 129_600), ("2/P1W", 2, 604_800),
        ("7/PT1H30M5S", 7, 5405),
    ])
    func ratesAreACountPerDuration(_ text: String, _ count: Int, _ seconds: Int) throws {
        #expect(try RequestRate(parsing: text) == RequestRate(count: count, seconds: seconds))
    }

    @Test(arguments: [
        "", "350", "350/", "/PT1H", "0/PT1H", "-1/PT1H", "5/min", "5/PT", "5/P", "5/PT0S", "5/PT1M1H", "5/P1H", "5/PT1", "5/P1M",
        "5/PT1H/2", "5/PT1.5S", "5/P1TH", "5/PTT1H", "5/P1DT",
    ])
    func otherTextsAreRefused(_ text: String) {
        #expect(throws: RequestRate.Refusal.self) { try RequestRate(parsing: text) }
    }

    @Test func aBareNumberIsToldWhichUnitIsWanted() {
        do {
            _ = try RequestRate(parsing: "350")
            Issue.record("a bare number went through")
        } catch {
            #expect(error.description.contains("350/PT1H") && error.description.contains("350/PT1S"))
        }
    }

    @Test func bucketsEmptyAndFill() throws {
        var bucket = TokenBucket(rate: RequestRate(count: 5, seconds: 60), at: 1000)
        for _ in 0..<5 { bucket = try #require(Self.granted(bucket.reserve(1, at: 1000))) }
        #expect(bucket.reserve(1, at: 1000) == .wait(seconds: 12))
        #expect(Self.granted(bucket.reserve(1, at: 1012)) != nil)
        #expect(bucket.reserve(6, at: 1000) == .wait(seconds: .infinity))
        #expect(bucket.advanced(to: 100_000).balance == 5)
        #expect(bucket.advanced(to: 0).at == 1000)
    }

    @Test func afterTheWaitThatWasToldItIsGranted() throws {
        var random = Seeded(61)
        var bucket = TokenBucket(rate: RequestRate(count: 350, seconds: 3600), burst: 20, at: 1_750_000_000)
        var now = 1_750_000_000.0
        for _ in 0..<2000 {
            let amount = 1 + random.below(20)
            if case .wait(let seconds) = bucket.reserve(amount, at: now) { now += seconds }
            bucket = try #require(Self.granted(bucket.reserve(amount, at: now)))
            #expect(bucket.balance > -0.001 && bucket.balance <= 20)
        }
    }

    private static func granted(_ reservation: TokenBucket.Reservation) -> TokenBucket? {
        if case .granted(let bucket) = reservation { bucket } else { nil }
    }

    @Test func equalSelectionsHaveEqualTexts() {
        let a = Selection(dataset: "cmg", keys: ["source": ["real", "online"], "node": ["x"]], from: 0, to: 10)
        let b = Selection(dataset: "cmg", keys: ["node": ["x"], "source": ["online", "real", "real"]], from: 0, to: 10, dryRun: true)
        #expect(a.canonicalText == b.canonicalText && a != b)
        let others = [
            Selection(dataset: "cmg", keys: ["node": ["x"], "source": ["online,real"]], from: 0, to: 10),
            Selection(dataset: "cmg", keys: ["node": ["x"], "source": ["online\",\"real"]], from: 0, to: 10),
            Selection(dataset: "cmg", keys: ["node": ["x"]], from: 0, to: 10), Selection(dataset: "cmg", from: 0, to: 10),
            Selection(dataset: "cmg", keys: ["source": ["real", "online"], "node": ["x"]], from: 0),
            Selection(dataset: "cmg", keys: ["source": ["real", "online"], "node": ["x"]], from: 0, to: 10, mode: .refresh),
            Selection(dataset: "cmg", keys: ["source": ["real", "online"], "node": ["x"]], from: 0, to: 10, maxRequests: 3),
        ]
        #expect(Set(others.map(\.canonicalText) + [a.canonicalText]).count == others.count + 1)
        let dataset = LadderUniverse().dataset
        #expect(dataset.includes(SeriesKey(["x", "1"]), ["name": ["x"], "length": ["1", "2"]]))
        #expect(!dataset.includes(SeriesKey(["y", "1"]), ["name": ["x"], "length": ["1", "2"]]))
    }

    @Test func nothingIsAskedForLessAndLessOften() {
        #expect((1...6).map { RecheckSchedule.next(after: $0) } == [3600, 86_400, 604_800, 2_592_000, 2_592_000, 2_592_000])
    }
}
