import EventLoop
import Postgres
import Series
@testable import Store
import Testing

/// What an hour's silence means where a longer slot's count is known, in whatever order calls come.
@Suite struct AgreementTests {
    private static let day = 20_000
    private static let now = Int64(20_010) * 86_400
    /// Hours 3 and 4 held, with 5 and 2.
    private static let traded = [3: 5, 4: 2]
    private static func letters(_ silent: Character, held: [Int] = [3, 4]) -> String {
        String((0..<24).map { held.contains($0) ? "p" : silent })
    }

    private static func hours(_ held: StoreUnderTest, now: Int64 = now) async throws -> String {
        try await held.hours("a", day, now: now)
    }

    private static func notes(_ held: StoreUnderTest) async throws -> [Absence] {
        let one = try #require(try await held.judged()[Counted.hours("a")])
        let calendar = held.dataset.calendar(of: one.key)
        return one.ledger.gaps(in: day * 24..<(day + 1) * 24, calendar: calendar, dueBefore: .max, notes: one.notes.runs).compactMap {
            one.notes.absence(of: $0)
        }
    }

    @Test func silenceIsEmptyWhereCountsAgreeAndDoubtedWhereTheyDoNot() async throws {
        for (count, letter) in [(7, "e"), (8, "d"), (6, "d")] as [(Int, Character)] {
            try await Counted.with(["a"]) { _, held in
                try await held.make(.days(Self.day, ["a": count]), now: Self.now)
                #expect(try await Self.hours(held) == String(repeating: "m", count: 24))
                let task = try await held.make(.hours(Self.day, ["a": Self.traded]), now: Self.now + 60).task
                #expect(try await Self.hours(held) == Self.letters(letter))
                let note = try #require(try await Self.notes(held).first)
                #expect(note.reason == (letter == "e" ? "no_trade" : "counts_differ") && note.evidence == task)
                #expect(note.nextAsk == (letter == "e" ? nil : Self.now + 60 + 3600))
                #expect(try await held.store.verify(held.dataset).findings.isEmpty)
            }
        }
    }

    @Test func hoursThatCameFirstAreJudgedOnceTheDayIsKnown() async throws {
        for isListed in [false, true] {
            try await Counted.with(["a"]) { _, held in
                try await held.make(.hours(Self.day, ["a": Self.traded]), now: Self.now)
                // The day is not known: no hour is known to be expected but those that are there.
                #expect(try await Self.hours(held) == Self.letters("u"))
                let version = try await held.version()
                let call = isListed ? CountedCall.roster(Self.day, ["a": 7]) : .days(Self.day, ["a": 7])
                try await held.make(call, now: Self.now + 60)
                #expect(try await Self.hours(held) == Self.letters("e"))
                #expect(try await held.version() == version.map { $0 + 1 })
                let note = try #require(try await Self.notes(held).first)
                #expect(note.reason == "no_trade" && note.nextAsk == nil && note.since == Self.now && note.attempts == 1)
            }
        }
    }

    @Test func aDayThatIsRevisedIsJudgedAnewBothWays() async throws {
        try await Counted.with(["a", "b"]) { _, held in
            try await held.make(.roster(Self.day, ["a": 7, "b": 0]), now: Self.now)
            try await held.make(.hours(Self.day, ["a": Self.traded, "b": [:]]), now: Self.now)
            #expect(try await Self.hours(held) == Self.letters("e"))
            #expect(try await held.hours("b", Self.day, now: Self.now) == String(repeating: "e", count: 24))
            // The same again is no news; then one more happened than hours say: they are asked for again at once.
            let version = try await held.version()
            try await held.make(.roster(Self.day, ["a": 7, "b": 0]), now: Self.now + 5)
            #expect(try await held.version() == version)
            try await held.make(.roster(Self.day, ["a": 8, "b": 0]), now: Self.now + 10)
            #expect(try await Self.hours(held) == Self.letters("d"))
            let doubt = try #require(try await Self.notes(held).first)
            #expect(doubt.reason == "counts_differ" && doubt.nextAsk == Self.now + 10 && doubt.steps == 1)
            #expect(try await held.hours("b", Self.day, now: Self.now) == String(repeating: "e", count: 24))
            let asked = try await held.store.ledgers(of: held.dataset, now: Self.now + 10).first { $0.key == Counted.hours("a") }
            #expect(asked?.ledger.resting.isEmpty == true && asked?.ledger.absent.isEmpty == true)
            try await held.make(.days(Self.day, ["a": 7]), now: Self.now + 20)
            #expect(try await Self.hours(held) == Self.letters("e"))
            #expect(try await Self.notes(held).allSatisfy { $0.nextAsk == nil })
            #expect(try await held.store.verify(held.dataset).findings.isEmpty)
        }
    }

    @Test func anHourThatComesLateSettlesItsDay() async throws {
        for (proved, late) in [(true, 1), (false, 1), (true, 2), (false, 2)] {
            try await Counted.with(["a"]) { _, held in
                try await held.make(.roster(Self.day, ["a": 8]), now: Self.now)
                try await held.make(.hours(Self.day, ["a": Self.traded]), now: Self.now)
                // By the call that asks again, or by one without proof.
                let hours = proved ? Self.traded.merging([9: late]) { $1 } : [9: late]
                try await held.make(.hours(Self.day, ["a": hours], proved: proved), now: Self.now + 3600)
                #expect(try await Self.hours(held) == Self.letters(late == 1 ? "e" : "d", held: [3, 4, 9]))
                #expect(try await held.store.verify(held.dataset).findings.isEmpty)
            }
        }
    }

    @Test func anHourThatIsOtherThanBeforeJudgesItsDay() async throws {
        try await Counted.with(["a"]) { _, held in
            try await held.make(.roster(Self.day, ["a": 7]), now: Self.now)
            try await held.make(.hours(Self.day, ["a": Self.traded]), now: Self.now)
            try await held.make(.hours(Self.day, ["a": [4: 3]], proved: false), now: Self.now + 10)
            #expect(try await Self.hours(held) == Self.letters("d"))
            try await held.make(.hours(Self.day, ["a": [4: 2]], proved: false), now: Self.now + 20)
            #expect(try await Self.hours(held) == Self.letters("e"))
        }
    }

    @Test func aRefusedHourThatIsReleasedSettlesItsDay() async throws {
        try await Counted.with(["a"]) { _, held in
            try await held.make(.roster(Self.day, ["a": 5007]), now: Self.now)
            var call = CountedCall.hours(Self.day, ["a": Self.traded])
            let time = Counted.hour.start(of: Self.day * 24 + 9)
            call.refused = [QuarantinedRecord(reason: "count is above 1000", record: "\(time) 5000", series: 0, time: time)]
            try await held.make(call, now: Self.now)
            var states = Array(Self.letters("d"))
            states[9] = "q"
            #expect(try await Self.hours(held) == String(states))
            let refused = try #require(try await held.refusals().first)
            let asker = Asker("test")
            #expect(try await held.store.release(refused: refused.id, of: held.dataset, by: asker, now: Self.now + 60)?.status == .released)
            #expect(try await Self.hours(held) == Self.letters("e", held: [3, 4, 9]))
            #expect(try await held.store.verify(held.dataset).findings.isEmpty)
        }
    }

    @Test func aRefusedDayIsReleasedIntoItsOwnTable() async throws {
        try await Counted.with(["a"]) { _, held in
            try await held.make(.hours(Self.day, ["a": [1: 5000]]), now: Self.now)
            var call = CountedCall.days(Self.day, ["a": nil])
            let time = Counted.day.start(of: Self.day)
            call.refused = [QuarantinedRecord(reason: "count is above 1000", record: "\(time) 5000", series: 0, time: time)]
            try await held.make(call, now: Self.now)
            #expect(try await Self.hours(held) == Self.letters("u", held: [1]))
            let refused = try #require(try await held.refusals().first)
            _ = try await held.store.release(refused: refused.id, of: held.dataset, by: Asker("test"), now: Self.now + 60)
            #expect(try await held.count("counted_days") == 1)
            #expect(try await Self.hours(held) == Self.letters("e", held: [1]))
            let released = try await held.store.pool.query("select max(id) from tasks").only().int64(0)
            #expect(try await held.store.call(released, datasets: [held.dataset])?.written.map(\.key) == [Counted.days("a")])
        }
    }

    @Test func theDistanceBetweenAsksGrows() async throws {
        try await Counted.with(["a"]) { _, held in
            try await held.make(.roster(Self.day, ["a": 9]), now: Self.now)
            var now = Self.now
            for distance in [3600, 86_400, 604_800, 2_592_000, 2_592_000] as [Int64] {
                try await held.make(.hours(Self.day, ["a": Self.traded]), now: now)
                #expect(try await Set(Self.notes(held).map(\.nextAsk)) == [now + distance])
                func resting(_ at: Int64) async throws -> Int? {
                    try await held.store.ledgers(of: held.dataset, now: at).first { $0.key == Counted.hours("a") }?.ledger.resting.count
                }
                #expect(try await resting(now + distance - 1) == 22)
                #expect(try await resting(now + distance) == 0)
                now += distance
            }
            // Nothing of it is green.
            #expect(try await Self.hours(held) == Self.letters("d"))
        }
    }

    @Test func hoursOfADayThatTheRosterDoesNotListAreNotNoted() async throws {
        try await Counted.with(["a", "b"]) { _, held in
            try await held.make(.roster(Self.day, ["b": 1]), now: Self.now)
            try await held.make(.hours(Self.day, ["a": [:]]), now: Self.now)
            #expect(try await Self.hours(held) == String(repeating: "-", count: 24))
            #expect(try await held.count("absences") == 0)
            // Nor is the day itself, which a call named.
            try await held.make(.days(Self.day, ["a": nil]), now: Self.now)
            #expect(try await held.count("absences") == 0)
        }
    }

    @Test func whatSomebodyDeletedByHandIsMissingOnceItIsMended() async throws {
        try await Counted.with(["a"]) { _, held in
            func mend() async throws {
                for finding in try await held.store.verify(held.dataset).findings {
                    #expect(try await held.store.repairCoverage(of: finding.seriesID, held.dataset, now: Self.now))
                }
                #expect(try await held.store.verify(held.dataset).findings.isEmpty)
            }
            try await held.make(.roster(Self.day, ["a": 8]), now: Self.now)
            try await held.make(.hours(Self.day, ["a": Self.traded]), now: Self.now)
            try await held.store.pool.query("delete from absences where first_slot = \(Self.day * 24)")
            #expect(try await held.store.verify(held.dataset).findings.map(\.absentDiffering.count) == [3])
            try await mend()
            #expect(try await Self.hours(held) == "mmmpp" + String(repeating: "d", count: 19))
            // A day that is lost takes the listing's word with it: it was not whole.
            let id = try await held.ids([Counted.days("a")])[0]
            try await held.store.pool.query("delete from counted_days where series_id = \(id)")
            try await mend()
            #expect(try await Self.hours(held) == Self.letters("u"))
            try await held.make(.roster(Self.day, ["a": 7]), now: Self.now)
            #expect(try await Self.hours(held) == "mmmpp" + String(repeating: "e", count: 19))
        }
    }
}
