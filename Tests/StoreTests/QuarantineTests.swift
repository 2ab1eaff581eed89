import EventLoop
import Postgres
import Series
@testable import Store
import Testing
import TestSupport

@Suite struct QuarantineTests {
    @Test func aRefusedRecordIsKeptAndItsSlotIsQuarantinedAndNeverAbsent() async throws {
        try await Refusing.with { _, held in
            let version = try #require(try await held.version())
            let task = try await held.call(
                [held.row(0, 5), held.row(1, 6), held.row(2, 7)],
                refused: [held.refusal(3, "900", place: "line 17"), held.refusal(8, "901", series: 1), held.refusal(nil, "?", series: nil)])
            let kept = try await held.refusals()
            let first = try #require(kept.first { $0.place == "line 17" })
            #expect(first.record == "5400 900" && first.reason == "price is above 100" && first.key?.values == ["a"])
            #expect(first.time == 5400 && first.slot == 1 && first.task == task && first.status == .open && first.seen == 1)
            #expect(first.createdAt == 200_000 && first.ingestionID != nil && first.shape == "s")
            #expect(kept.count == 3 && kept.contains { $0.seriesID == nil && $0.slot == nil })
            let ledgers = [try await held.ledger(0), try await held.ledger(1)]
            #expect(ledgers.map(\.quarantined.ranges) == [[1..<2], [4..<5]])
            // A day of a proved call: all but what is held or was refused is absent.
            #expect(ledgers.map(\.absent.ranges) == [[2..<24], [0..<4, 5..<24]])
            let calendar = held.dataset.calendar(of: ledgers[0].key)
            let tally = ledgers[0].tally(in: 0..<24, calendar: calendar, dueBefore: 1000)
            #expect(tally.present == 1 && tally.quarantined == 1 && tally.absent == 22)
            #expect(ledgers[0].missing(in: 0..<24, calendar: calendar, dueBefore: 1000).ranges == [1..<2])
            #expect(try #require(try await held.version()) > version)
            #expect(try await held.isVerified())
            // Another silence changes nothing.
            try await held.call(refused: [])
            #expect(try await held.ledger(0).absent.ranges == [2..<24])
            #expect(try await held.ledger(0).quarantined.ranges == [1..<2])
            #expect(try await held.isVerified())
            // But the word of a call that says for itself of what it is sure: none of what it meets again.
            try await held.call(refused: [held.refusal(8, "901", series: 1)], witnessed: 0..<1)
            let after = [try await held.ledger(0), try await held.ledger(1)]
            #expect(after.map(\.quarantined.ranges) == [[], [4..<5]])
            #expect(after.map(\.absent.ranges) == [[1..<24], [0..<4, 5..<24]])
            #expect(try await held.refusals().first { $0.place == "line 17" }?.status == .superseded)
            #expect(try await held.isVerified())
        }
    }

    @Test func theSameRecordIsOneHoweverOftenItComes() async throws {
        try await Refusing.with { _, held in
            try await held.call(refused: [held.refusal(3, "900"), held.refusal(3, "900"), held.refusal(3, "901")], now: 200_000)
            let task = try await held.call(refused: [held.refusal(3, "900", "price is above 99", place: "line 2")], now: 300_000)
            let kept = try await held.refusals()
            #expect(kept.map(\.seen).sorted() == [1, 3])
            let often = try #require(kept.first { $0.seen == 3 })
            #expect(often.createdAt == 200_000 && often.lastSeenAt == 300_000 && often.task == task)
            #expect(often.reason == "price is above 99" && often.place == "line 2")
            #expect(try await held.isVerified())
        }
    }

    @Test func aGoodRowTakesItsPlace() async throws {
        try await Refusing.with { _, held in
            try await held.call(refused: [held.refusal(2, "900"), held.refusal(3, "901"), held.refusal(2, "902", series: 1)])
            #expect(try await held.ledger().quarantined.ranges == [1..<2])
            // One of the two halves: the other record still speaks of the slot.
            let task = try await held.call([held.row(2, 9)], refused: [])
            #expect(try await held.refusals().map(\.status) == [.superseded, .open, .open])
            #expect(try await held.ledger().quarantined.ranges == [1..<2])
            #expect(try await held.isVerified())
            let settled = try #require(try await held.refusals().first)
            #expect(settled.resolvedTask == task && settled.resolvedAt == 200_000 && settled.resolution != nil)
            try await held.call([held.row(3, 9)], refused: [])
            #expect(try await held.refusals().map(\.status) == [.superseded, .superseded, .open])
            #expect(try await held.ledger().quarantined.isEmpty)
            #expect(try await held.ledger(1).quarantined.ranges == [1..<2])
            // It comes again after it was settled: it is open once more, but what is held is held.
            try await held.call(refused: [held.refusal(3, "901")])
            #expect(try await held.refusals(.init(status: .open)).count == 2)
            #expect(try await held.ledger().quarantined.isEmpty)
            #expect(try await held.isVerified())
        }
    }

    @Test func aRecordThatIsRefusedEndsAnAbsence() async throws {
        try await Refusing.with { _, held in
            try await held.call(refused: [])
            #expect(try await held.ledger().absent.ranges == [0..<24])
            try await held.call(refused: [held.refusal(9, "900")], as: .unproved)
            #expect(try await held.ledger().absent.ranges == [0..<4, 5..<24])
            #expect(try await held.ledger().quarantined.ranges == [4..<5])
            #expect(try await held.isVerified())
        }
    }

    @Test func whatIsKeptOfOneCallIsBoundedAndNothingBeyondIsTakenForSilence() async throws {
        try await Refusing.with { _, held in
            let wide = (0..<48).map { held.refusal($0, "900") }
            let many = (0..<Refusals.keptMax - 40).map { held.refusal(0, "\(1000 + $0)") }
            try await held.call(refused: many + wide)
            #expect(try await held.count("quarantine") == Refusals.keptMax)
            let ledger = try await held.ledger()
            #expect(ledger.quarantined.ranges == [0..<20] && ledger.absent.isEmpty)
            let sums = try await held.store.pool.query("select quarantined from tasks").only().int(0)
            #expect(sums == Refusals.keptMax + 8)
            #expect(try await held.isVerified())
        }
    }

    @Test func textThatTheServerWouldNotTakeIsKeptAllTheSame() async throws {
        try await Refusing.with { _, held in
            let long = String(repeating: "é", count: 5000)
            try await held.call(refused: [
                QuarantinedRecord(reason: "a\0b", record: "x\0y", series: 0, time: 9_000_000_000_000_000, place: "line\0"),
                QuarantinedRecord(reason: "long", record: long, series: 0, time: 1800),
            ])
            let kept = try await held.refusals()
            let odd = try #require(kept.first { $0.reason == "a\u{FFFD}b" })
            #expect(odd.record == "x\u{FFFD}y" && odd.time == nil && odd.slot == nil)
            let cut = try #require(kept.first { $0.reason == "long" })
            #expect(cut.record.utf8.count <= QuarantinedRecord.bytesMax && cut.record.hasPrefix("éé"))
            #expect(QuarantinedRecord.isCut(cut.record))
            #expect(try await held.ledger().quarantined.ranges == [0..<1])
        }
    }

    @Test func aPlantedDifferenceIsFoundAndMended() async throws {
        try await Refusing.with { _, held in
            try await held.call([held.row(0, 1)], refused: [held.refusal(2, "900"), held.refusal(20, "900")], as: .unproved)
            try await held.store.pool.query("update coverage set quarantined = '{[10,11),[12,13)}' where series_id = \(held.ids[0])")
            let finding = try #require(try await held.store.verify(held.dataset).findings.first)
            #expect(finding.quarantinedDiffering.ranges == [1..<2, 12..<13] && finding.isRepairable)
            #expect(try await held.store.repairCoverage(of: held.ids[0], held.dataset, now: 1))
            #expect(try await held.ledger().quarantined.ranges == [1..<2, 10..<11])
            // A row that coverage did not know of: its record no longer speaks of a hole.
            try await held.store.pool.query("""
                insert into refusing_rows values (\(held.ids[0]), to_timestamp(3600), 1, 1)
                """)
            #expect(try await held.store.repairCoverage(of: held.ids[0], held.dataset, now: 1))
            #expect(try await held.ledger().quarantined.ranges == [10..<11])
            #expect(try await held.isVerified())
        }
    }

    @Test func reasonsAreNotedOfTheSlotsOfAStretch() async throws {
        try await Refusing.with { _, held in
            try await held.call(refused: [
                held.refusal(2, "900", "above"), held.refusal(4, "900", "above"), held.refusal(6, "x", "no number"),
                held.refusal(7, "900", "above"), held.refusal(40, "900", "above"),
            ])
            let series = try await held.store.snapshot(
                of: held.dataset, choose: { $0.map(\.id) }, notes: 0..<15 * 3600, span: { _ in nil }).series
            let notes = series[0].notes
            #expect(notes.runs[.quarantined]?.map(\.slots) == [1..<3, 3..<4])
            #expect(notes.runs[.quarantined]?.map { notes.refusals[$0.note] } == ["above", "no number"])
        }
    }

    /// Whatever comes in whatever order, quarantined is what each slot would say alone.
    @Test(arguments: [51, 52, 53] as [UInt64])
    func quarantineIsWhatEachPartWouldSayAlone(_ seed: UInt64) async throws {
        try await Refusing.with { _, held in
            var random = Seeded(seed)
            var open: [Set<String>: Set<Int>] = [:]
            var have: [Set<Int>] = [[], []]
            for round in 0..<40 {
                var rows: [StoredRow] = []
                var refused: [QuarantinedRecord] = []
                var came: [(series: Int, part: Int)] = []
                for _ in 0..<random.below(4) {
                    let (series, part) = (random.below(2), random.below(24))
                    if random.below(2) == 0 {
                        let price = 900 + random.below(2)
                        refused.append(held.refusal(part, "\(price)", series: series))
                        open[["\(series)", "p\(price)"], default: []].insert(part)
                    } else {
                        rows.append(held.row(part, Int64(round), series: series))
                        came.append((series, part))
                    }
                }
                try await held.call(rows, refused: refused, as: random.below(2) == 0 ? .proved : .unproved)
                for (series, part) in came {
                    have[series].insert(part)
                    for key in open.keys where key.contains("\(series)") { open[key]?.remove(part) }
                }
                for series in 0..<2 {
                    let parts = open.filter { $0.key.contains("\(series)") }.flatMap(\.value)
                    let expected = Set(parts.filter { !have[series].contains($0) }.map { $0 / 2 })
                    let ledger = try await held.ledger(series)
                    #expect(Set(ledger.quarantined.ranges.flatMap(Array.init)) == expected, "seed \(seed) round \(round)")
                    #expect(ledger.quarantined.intersection(ledger.absent).isEmpty, "seed \(seed) round \(round)")
                }
                #expect(try await held.isVerified(), "seed \(seed) round \(round)")
            }
        }
    }

    @Test func whatIsSettledIsForgottenWithTheCallsOfItsTime() async throws {
        try await Refusing.with { _, held in
            try await held.call(refused: [held.refusal(2, "900"), held.refusal(4, "900"), held.refusal(nil, "?", series: nil)])
            try await held.call([held.row(2, 1)], refused: [])
            _ = try await held.store.sweepEnded(tasks: 3600, receipts: nil, events: nil)
            #expect(try await held.count("quarantine") == 3)
            try await held.store.pool.query("update quarantine set kept_from = kept_from - interval '2 hours'")
            _ = try await held.store.sweepEnded(tasks: 3600, receipts: nil, events: nil)
            // What waits for a person, or for a good row, waits.
            #expect(try await held.refusals().map(\.slot) == [2])
            #expect(try await held.isVerified())
        }
    }
}
