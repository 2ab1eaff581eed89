import EventLoop
import Foundation
import Postgres
import Series
@testable import Store
import Testing
import TestSupport

@Suite struct QualityTests {
    private static let rules = QualityRules(
        checks: [
            .init("schema", weight: 1, "Is it a record at all?"), .init("range", weight: 1, "Is the price what a price can be?"),
            .init("twice", weight: 0.5, "Did it come once?"), .init("jump", weight: 0.2, "Is it near the one before?"),
        ],
        refusals: ["price is above 100": "range", "twice": "twice"])

    private static func with(_ body: @escaping @Sendable (isolated Loop, StoreUnderTest) async throws -> Void) async throws {
        try await StoreUnderTest.with(Refusing.dataset(limit: 100, quality: rules), body)
    }

    private func scores(_ held: StoreUnderTest, _ filter: Store.QualityFilter = .init()) async throws -> [SeriesQuality] {
        try await held.store.quality(of: held.dataset, filter, limit: 1000)
    }

    /// An ingestion of so many calls of all series.
    private func file(_ calls: Int, _ held: StoreUnderTest) async throws -> String {
        let call = StoredCall(shape: "s", seriesIDs: held.ids, periods: 0..<1, covers: 2, requests: 1, tokens: 0)
        return try await held.store.insertIngestion(
            Store.NewIngestion(
                dataset: held.dataset.name, selection: "{}", selectionDigest: UUID().uuidString, planID: nil, requestedBy: "test",
                figures: PlanFigures(
                    gaps: 1, slots: 2, cost: Cost(requests: 1), lowerBound: Cost(requests: 1), optimality: .proven, estimatedSeconds: 1),
                calls: Array(repeating: call, count: calls), filedAt: 0)).id
    }

    @Test func whatTheCallsOfAnIngestionBroughtAddsUp() async throws {
        try await Self.with { _, held in
            let (a, b) = (held.ids[0], held.ids[1])
            let ingestion = try await file(2, held)
            let first = try #require(try await held.claim())
            try await held.end(
                first, (0..<6).map { held.row($0, 5) } + [held.row(0, 5, series: 1)],
                refused: [held.refusal(6, "900"), held.refusal(7, "x", "a new reason"), held.refusal(nil, "?", series: nil)],
                marks: [a: ["jump": 2]])
            let one = try await scores(held)
            #expect(one.map(\.seriesID) == [a, b] && one.map(\.records) == [8, 1] && one.allSatisfy { $0.ingestionID == ingestion })
            #expect(one[0].failed == ["range": 1, "schema": 1, "jump": 2] && one[1].failed == [:])
            #expect(one.map(\.score) == [0.7, 1] && one.map(\.isBelowGate) == [true, false] && one[0].at == 200_000)

            // Rows that were held already are records too; a mark of a check that there is not is none.
            let version = try #require(try await held.version())
            let second = try #require(try await held.claim())
            try await held.end(
                second, [held.row(0, 5), held.row(1, 5)], refused: [], marks: [a: ["jump": 1, "other": 1], b: ["jump": 1]], now: 300_000)
            let after = try #require(try await held.version())
            #expect(after > version, "scores are other than before")
            let both = try await scores(held)
            #expect(both.map(\.records) == [10, 1] && both[0].failed == ["range": 1, "schema": 1, "jump": 3] && both[1].failed == [:])
            #expect(both[0].score == 0.74 && both.map(\.at) == [300_000, 200_000])
            let job = try #require(try await held.store.ingestion(id: ingestion))
            let scored = try await held.store.scored([job], of: [held.dataset])
            #expect(scored.first?.quality == IngestionQuality(
                series: 2, belowGate: 1, lowest: 0.74, lowestSeries: SeriesKey(["a"]), keys: ["name"], gate: 0.8))
        }
    }

    @Test func ofEachSeriesTheLastIngestionThatBroughtAnythingCounts() async throws {
        try await Self.with { _, held in
            let (a, b) = (held.ids[0], held.ids[1])
            try await held.call([held.row(0, 1, series: 1)], refused: [held.refusal(6, "900"), held.refusal(2, "900", series: 1)])
            let first = try await scores(held)
            try await held.call([held.row(1, 1)], refused: [], now: 300_000)
            // One that brings nothing of a series says nothing of it.
            try await held.call(refused: [held.refusal(nil, "?", series: nil)], now: 400_000)
            let latest = try await held.store.latestQuality(of: held.dataset)
            #expect(latest[a]?.score == 1 && latest[a]?.at == 300_000 && latest[b]?.score == 0.5 && latest[b] == first[1])
            #expect(try await held.store.latestQuality(of: held.dataset, [b]).keys.sorted() == [b])
            #expect(try await held.store.latestQuality(of: held.dataset, since: 250_000).keys.sorted() == [a])
            let all = try await scores(held)
            #expect(all.map(\.score) == [1, 0, 0.5] && all.map(\.seriesID) == [a, a, b])
            #expect(try await scores(held, .init(isBelowGate: true)).map(\.score) == [0, 0.5])
            #expect(try await scores(held, .init(isBelowGate: false)).map(\.score) == [1])
            #expect(try await scores(held, .init(keys: [["b"]])).map(\.seriesID) == [b])
            #expect(try await scores(held, .init(ingestion: first[0].ingestionID)) == first)
            #expect(try await scores(held, .init(ingestion: "17")).isEmpty)
            var pages: [SeriesQuality] = []
            while let one = try await held.store.quality(
                of: held.dataset, .init(), after: pages.last.map { ($0.ingestionID, $0.seriesID) }, limit: 1).first { pages.append(one) }
            #expect(pages == all)
            // Another gate marks others, and changes no score.
            let mild = try await held.store.quality(of: held.dataset.gated(at: 0.5), .init(), limit: 9)
            #expect(mild.map(\.score) == [1, 0, 0.5] && mild.map(\.isBelowGate) == [false, true, false])
        }
    }

    @Test func allThatIsRefusedCountsHoweverLittleOfItIsKept() async throws {
        try await Self.with { _, held in
            let many = Refusals.keptMax + 500
            try await held.call(
                (0..<500).map { held.row($0, 1) },
                refused: (0..<many).map { held.refusal($0, "900", $0 < many - 250 ? "twice" : "price is above 100") })
            let one = try #require(try await scores(held).first)
            #expect(one.records == many + 500 && one.failed == ["twice": many - 250, "range": 250])
        }
    }

    @Test func anAttemptThatLostItsTaskCountsNothing() async throws {
        try await Self.with { _, held in
            let lost = try await held.begin()
            try await held.store.pool.query("update tasks set lease_until = now() - interval '1 second'")
            let task = try #require(try await held.claim())
            await #expect(throws: StoreError.self) { try await held.end(lost, [held.row(0, 1)], refused: []) }
            #expect(try await held.count("quality") == 0)
            try await held.end(task, [held.row(0, 1)], refused: [])
            #expect(try await scores(held).map(\.records) == [1])
        }
    }

    /// The rules change, and what they refused passes: it is stored, and the call that brought it is scored as it was.
    @Test func whatIsReplayedOrReleasedAfterARuleChangedIsScoredWithTheCallThatBroughtIt() async throws {
        try await Self.with { _, held in
            try await held.call([held.row(0, 1)], refused: [held.refusal(1, "900"), held.refusal(2, "5000")])
            let before = try await scores(held)
            let wider = Refusing.dataset(limit: 1000, quality: Self.rules)
            let replayed = try await held.store.replay(.init(), of: wider, by: "ana", now: 300_000)
            #expect(replayed.examined == 2 && replayed.stored == 1)
            let open = try await held.refusals(.init(status: .open))
            #expect(open.map(\.reason) == ["price is above 1000"])
            let id = try #require(open.first?.id)
            let released = try #require(try await held.store.release(refused: id, of: wider, by: "ana", now: 300_000))
            #expect(try await held.held().count == 3)
            #expect(try await scores(held) == before)
            let jobID = try #require(released.resolvedIngestionID)
            let job = try #require(try await held.store.ingestion(id: jobID))
            #expect(try await held.store.scored([job], of: [wider]).first?.quality == nil)
            #expect(try await held.isVerified())
        }
    }

    @Test func aDatasetWithoutRulesCountsNothing() async throws {
        try await Refusing.with { _, held in
            try await held.call([held.row(0, 1)], refused: [held.refusal(1, "900")])
            #expect(try await held.count("quality") == 0)
            #expect(try await scores(held).isEmpty)
            #expect(try await held.store.latestQuality(of: held.dataset).isEmpty)
        }
    }

    @Test func scoresGoWithTheirIngestion() async throws {
        try await Self.with { _, held in
            try await held.call([held.row(0, 1)], refused: [held.refusal(1, "900")])
            try await held.call([held.row(2, 1)], refused: [])
            let ids = try await scores(held).map(\.ingestionID)
            try await held.store.pool.query("""
                update ingestions set status = 'completed', finished_at = now() - interval '2 hours' where id = \(ids[1])::uuid
                """)
            while try await held.store.sweepEnded(tasks: 3600, receipts: nil, events: nil) {}
            #expect(try await scores(held).map(\.ingestionID) == [ids[0]])
            #expect(try await held.count("quality") == 1)
            try await held.store.pool.query("delete from ingestions where id = \(ids[0])::uuid")
            #expect(try await held.count("quality") == 0)
        }
    }

    /// The server's score is that of the rules, to the last bit.
    @Test(arguments: [61, 62, 63] as [UInt64])
    func theServerReckonsAsTheRulesDo(_ seed: UInt64) async throws {
        try await Self.with { _, held in
            var random = Seeded(seed)
            let weights = QualityRules(
                checks: ["schema", "range", "twice", "jump"].map { .init($0, weight: Double(random.below(1000)) / 999, "") }, refusals: [:])
            for round in 0..<60 {
                let records = 1 + random.below(97)
                var failed: [String: Int] = [:]
                for check in weights.checks where random.below(2) == 0 { failed[check.name] = 1 + random.below(records) }
                let ingestion = try await file(1, held)
                let lines = [("", records)] + failed.map { ($0.key, $0.value) }
                try await held.store.pool.query("""
                    insert into quality (ingestion_id, series_id, check_name, records, at)
                    select \(ingestion)::uuid, \(held.ids[0]), v.*, now()
                    from unnest(\(lines.map(\.0)), \(lines.map(\.1))) as v (name, records)
                    """)
                let expected = try #require(weights.score(of: records, failing: failed))
                var dataset = Refusing.dataset(limit: 100, quality: weights)
                for gate in [0, expected, 1] {
                    dataset = dataset.gated(at: gate)
                    let found = try await held.store.quality(of: dataset, .init(ingestion: ingestion), limit: 9)
                    #expect(found.map(\.score) == [expected] && found[0].failed == failed, "seed \(seed) round \(round)")
                    let isBelow = try await !held.store.quality(
                        of: dataset, .init(ingestion: ingestion, isBelowGate: true), limit: 9).isEmpty
                    #expect(isBelow == (expected < gate), "seed \(seed) round \(round) gate \(gate)")
                }
            }
        }
    }
}
