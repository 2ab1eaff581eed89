@testable import Answers
import Bytes
import EventLoop
import Series
import Store
import Testing

/// No answer about an open range outlives the next expected arrival.
@Suite struct ValidityTests {
    /// Hours of the source `online` are due three hours after their end. `real` is the wall clock at the reader's start.
    private static func reader(_ test: ReaderUnderTest, shown: String, speed: Double) throws -> Reader {
        let clock = ServiceClock(.init(realAt: Int64(ServiceClock.realNow), shownAt: try Timestamp.parse(shown), speed: speed))
        return test.another(clock: clock)
    }

    private static let open = ("2025-12-10T00:00:00-03:00", "2025-12-11T00:00:00-03:00")

    @Test(arguments: [1.0, 10, 60, 0.5])
    func theClocksSpeedCounts(speed: Double) async throws {
        try await ReaderUnderTest.with(now: "2025-12-10T12:00:00-03:00") { _, test in
            // Ten minutes of the shown clock before the hour that ended at 09:00 is due.
            let before = Int(ServiceClock.realNow)
            let reader = try Self.reader(test, shown: "2025-12-10T11:50:00-03:00", speed: speed)
            let answer = try await reader.history(try test.query(Self.open.0, Self.open.1))
            let spent = Int(ServiceClock.realNow) - before + 1
            let whole = Int(600 / speed)
            #expect((max(0, whole - spent - 1)...whole).contains(answer.maxAge), "\(answer.maxAge) of \(whole)")
            let report = try await reader.completeness(CompletenessQuery(dataset: "quarters", keys: ["source": ["online"]]))
            #expect(report.maxAge <= whole)
        }
    }

    /// At the very second a slot falls due it counts, and the answer holds until the next one does; a second before, it does not,
    /// and the answer holds for no longer than that second.
    @Test func atTheEdge() async throws {
        try await ReaderUnderTest.with(now: "2025-12-10T12:00:00-03:00") { _, test in
            // So slow a clock stands still for the test.
            let slow = 1e-6
            let query = try test.query(Self.open.0, Self.open.1)
            let early = try Self.reader(test, shown: "2025-12-10T11:59:59-03:00", speed: slow)
            let late = try Self.reader(test, shown: "2025-12-10T12:00:00-03:00", speed: slow)
            let before = try JSONAnswer(await early.history(query))
            let after = try JSONAnswer(await late.history(query))
            #expect(before.coverage["missing"] as? Int == 8 && after.coverage["missing"] as? Int == 9)
        }
    }

    @Test func theAnswerThatIsMadeBeforeTheEdgeEndsThere() async throws {
        try await ReaderUnderTest.with(now: "2025-12-10T12:00:00-03:00") { loop, test in
            let query = try test.query(Self.open.0, Self.open.1)
            // A hundred shown seconds to the edge are one of ours.
            let reader = try Self.reader(test, shown: "2025-12-10T11:58:20-03:00", speed: 100)
            let first = try await reader.history(query)
            let missing = try #require(try JSONAnswer(first).coverage["missing"] as? Int)
            let term = try #require(first.term)
            let edge = term.validUntil
            // Two milliseconds more, for a wall clock that is being set right meanwhile.
            while Int64(ServiceClock.realNow * 1000) < edge + 2 {
                // Given again while it holds, and the same.
                if let again = reader.cached(query) { #expect(again.body == first.body) }
                try await loop.yield()
            }
            #expect(reader.cached(query) == nil && reader.age(of: term, on: "quarters") == nil)
            let next = try #require(try JSONAnswer(await reader.history(query)).coverage["missing"] as? Int)
            #expect(next > missing)
        }
    }

    /// The ceiling and the edge: whichever comes first.
    @Test func neverPastTheCeiling() async throws {
        try await ReaderUnderTest.with(now: "2025-12-10T12:00:00-03:00") { _, test in
            let reader = try Self.reader(test, shown: "2025-12-10T12:00:00-03:00", speed: 0.01)
            #expect(try await reader.history(try test.query(Self.open.0, Self.open.1)).maxAge <= 3600)
            let real = try await reader.history(try test.query(sources: ["real"], Self.open.0, Self.open.1))
            #expect((3500...3600).contains(real.maxAge))
        }
    }
}
