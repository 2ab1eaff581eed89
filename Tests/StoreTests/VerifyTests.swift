import Bytes
import EventLoop
import Postgres
import Series
@testable import Store
import Testing

@Suite struct VerifyTests {
    /// Two series of two days, one by halves and one by whole hours.
    private static func fill(_ held: StoreUnderTest) async throws {
        try await held.call((0..<96).map { held.edition("1", 1, time: $0 * 1800) })
        try await held.call((0..<48).map { held.edition("2", 1, time: $0 * 3600, series: 1) })
    }

    private static func run(_ held: StoreUnderTest, _ sql: SQL) async throws { try await held.store.pool.query(sql) }

    @Test func coverageThatTheWritersMadeIsWhatTheRowsSay() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            try await Self.fill(held)
            let verification = try await held.store.verify(held.dataset)
            #expect(verification.findings.isEmpty)
            #expect(verification.series == 2 && verification.rows == 144)
        }
    }

    @Test func everyPlantedDifferenceIsFoundAndMended() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            try await Self.fill(held)
            let (half, whole) = (held.ids[0], held.ids[1])
            // A row that coverage does not know of, at the end of what is held; coverage that lost a part; one that has parts too many.
            try await Self.run(
                held, "update edition_rows set time = time + interval '2 days' where series_id = \(half) and time = to_timestamp(0)")
            try await Self.run(held, "update coverage set held = held - '{[10,11)}' where series_id = \(half)")
            try await Self.run(held, "update coverage set held = held + '{[200,202)}' where series_id = \(whole)")
            let verification = try await held.store.verify(held.dataset)
            #expect(verification.findings.map(\.key.values) == [["a", "half"], ["b", "whole"]])
            #expect(verification.findings.map(\.heldWithoutRow.ranges) == [[0..<1], [200..<202]])
            #expect(verification.findings.map(\.rowNotHeld.ranges) == [[10..<11, 96..<97], []])
            #expect(verification.findings.allSatisfy { $0.tasksWithoutReceipt.isEmpty })

            let version = try await held.version()
            for finding in verification.findings {
                #expect(try await held.store.repairCoverage(of: finding.seriesID, held.dataset, now: 500))
                #expect(try await held.store.repairCoverage(of: finding.seriesID, held.dataset, now: 500) == false)
            }
            #expect(try await held.version() == version.map { $0 + 2 })
            #expect(try await held.store.verify(held.dataset).findings.isEmpty)
            #expect(try await held.coverage() == [[1..<97], [0..<96]])
        }
    }

    @Test func aCallWithoutReceiptIsFound() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            try await Self.fill(held)
            let task = try await held.begin()
            try await held.end(task, [held.edition("3", 2, time: 0), held.edition("3", 2, time: 1800)])
            try await Self.run(held, "delete from receipts where task_id = \(task.id)")
            // Rows that name no call say nothing of one.
            try await Self.run(held, "update edition_rows set task_id = null where series_id = \(held.ids[1])")
            let findings = try await held.store.verify(held.dataset).findings
            #expect(findings.count == 1)
            #expect(findings.first?.tasksWithoutReceipt == [task.id])
            #expect(findings.first?.rowsWithoutReceipt == 2)
            #expect(findings.first?.isRepairable == false)
        }
    }

    @Test func whatIsAbsentOrExcludedIsComparedWithItsNotes() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            try await Self.fill(held)
            let (half, whole) = (held.ids[0], held.ids[1])
            try await Self.run(held, """
                insert into absences (series_id, first_slot, end_slot, reason, since, asked_at, attempts, steps, task_id)
                values (\(half), 60, 62, 'no_record', now(), now(), 1, 1, 1)
                """)
            try await Self.run(held, """
                insert into exclusions (
                    dataset, keys, series_ids, starts_at, ends_at, first_slot, end_slot, note, made_by, lifted_by, lifted_at)
                values ('editions', '{}', array[\(whole)]::int[], now(), now(), 70, 72, 'n', 'p', null, null),
                    ('editions', '{}', array[\(whole)]::int[], now(), now(), 80, 82, 'n', 'p', 'p', now())
                """)
            try await Self.run(held, "update coverage set absent = '{[61,64)}' where series_id = \(half)")
            let findings = try await held.store.verify(held.dataset).findings
            #expect(findings.map(\.absentDiffering.ranges) == [[60..<61, 62..<64], []])
            #expect(findings.map(\.excludedDiffering.ranges) == [[], [70..<72]])
            for finding in findings {
                #expect(try await held.store.repairCoverage(of: finding.seriesID, held.dataset, now: 500))
            }
            #expect(try await held.store.verify(held.dataset).findings.isEmpty)
            let ledgers = try await held.store.ledgers(of: held.dataset.name).map(\.ledger)
            #expect(ledgers.map(\.absent.ranges) == [[60..<62], []])
            #expect(ledgers.map(\.excluded.ranges) == [[], [70..<72]])
            #expect(ledgers.map(\.held.ranges) == [[0..<96], [0..<96]])
        }
    }

    /// More rows than one page has, with a hole at a page's end.
    @Test func aSeriesIsRecountedPageByPage() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            try await held.call((0..<45_000).filter { $0 != 20_000 }.map { held.edition("1", 1, time: $0 * 1800) })
            #expect(try await held.coverage()[0] == [0..<20_000, 20_001..<45_000])
            #expect(try await held.store.verify(held.dataset).findings.isEmpty)
            try await Self.run(held, "update coverage set held = held + '{[20000,20001)}' where series_id = \(held.ids[0])")
            #expect(try await held.store.verify(held.dataset).findings.map(\.heldWithoutRow.ranges) == [[20_000..<20_001]])
        }
    }

    /// Workers write all the while; nothing that they do is a difference, and a repair among them loses nothing.
    @Test func besideRunningWritersThereIsNoFalseDifference() async throws {
        try await StoreUnderTest.with(editions()) { loop, held in
            let token = loop.keep(held)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<2 {
                    group.addTask {
                        try await loop.enter { loop in
                            let held = loop[token]
                            for call in 0..<12 {
                                let first = Int64(call * 2 + writer) * 40
                                try await held.call(
                                    (first..<first + 40).map { held.edition("\(call)", 1, time: $0 * 1800) }
                                        + (first..<first + 40).map { held.edition("2", 1, time: $0 * 3600, series: 1) })
                            }
                        }
                    }
                }
                group.addTask {
                    try await loop.enter { loop in
                        let held = loop[token]
                        for round in 0..<12 {
                            let findings = try await held.store.verify(held.dataset).findings
                            #expect(findings.isEmpty)
                            let isRepaired = try await held.store.repairCoverage(of: held.ids[round % 2], held.dataset, now: 0)
                            #expect(!isRepaired)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await held.store.verify(held.dataset).findings.isEmpty)
            #expect(try await held.coverage() == [[0..<960], [0..<1920]])
        }
    }
}
