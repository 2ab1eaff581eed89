@testable import Series
import Testing
import TestSupport

/// By what holes can be filled, and which files would do it.
@Suite struct FillingTests {
    private static func circumstances(
        _ ledgers: [Ledger], now: Int64, files: [FileAtHand] = [], trades: Bool = false
    ) -> Circumstances {
        var ways = Selection.Ways()
        ways.trades = trades
        return Circumstances(now: now, ledgers: ledgers, files: files, ways: ways, events: { _, _ in 1 })
    }

    /// A run is split where the window of newest slots ends, and where a published file does.
    @Test func aHoleIsSplitWhereAReachEnds() {
        let universe = LadderUniverse(window: 4)
        let key = LadderUniverse.key(6)
        // Now is within slot 40; 36..<40 are the newest, and files end at 100 and at 200.
        let around = Self.circumstances([Ledger(key: key, held: SlotSet(0..<10))], now: 243)
        let runs = universe.dataset.fillings(of: key, SlotSet(10..<40), around)
        #expect(runs.map(\.range) == [10..<17, 17..<34, 34..<36, 36..<40])
        #expect(runs.map(\.way) == [.archive, .archive, .archive, .api] && runs.map(\.slots).reduce(0, +) == 30)
        #expect(runs.map(\.download?.name) == ["part0.zip", "part100.zip", "part200.zip", nil])
        #expect(runs.map(\.obstacle) == ["needs_archive", "needs_archive", "needs_archive", nil])
        // Slot 36 leaves when slot 40 has ended.
        #expect(runs.last?.until == 246 && runs.last?.requests == 1)
        #expect(universe.dataset.newestReach(of: key, now: 245) == 36..<40 && universe.dataset.newestReach(of: key, now: 246) == 37..<41)
        let tape = universe.dataset.fillings(of: key, SlotSet(10..<40), Self.circumstances([], now: 243, trades: true))
        #expect(tape.map(\.way) == [.trades, .trades, .trades, .api] && tape.allSatisfy { $0.obstacle == nil })
        #expect(tape[0].requests == 1 + 42 / 10 && tape[0].download?.name == "part0.zip")
    }

    @Test func whatIsHeldAndWhatIsAtHandComeFirst() {
        let universe = LadderUniverse(window: 4, unserved: [12])
        let fine = LadderUniverse.key(3)
        let key = LadderUniverse.key(12)
        let file = FileAtHand(id: 1, series: fine, span: 48..<96)
        // Of slot 0 all is held or known to be empty, of slot 1 a part lacks, 4 to 7 are the file's; 20 is in the shorter window.
        let ledger = Ledger(key: fine, held: SlotSet(ranges: [0..<3, 4..<7]), absent: SlotSet(3..<4))
        let around = Self.circumstances([ledger, Ledger(key: key)], now: 252, files: [file])
        let runs = universe.dataset.fillings(of: key, SlotSet(0..<21), around)
        #expect(runs.map(\.range) == [0..<1, 1..<4, 4..<8, 8..<9, 9..<17, 17..<20, 20..<21])
        #expect(runs.map(\.way) == [.derive, .archive, .archive, .archive, .archive, .archive, .api])
        #expect(runs.map(\.requests) == [0, nil, 0, nil, nil, nil, 1])
        // The first of its four quarters leaves when the fourth after it has ended.
        #expect(runs.last?.until == Int64((80 + 4 + 1) * 3))
        #expect(universe.dataset.newestReach(of: key, now: 252) == nil)
    }

    /// Together the runs are the missing slots, once each.
    @Test(arguments: [51, 52] as [UInt64]) func theRunsAreAllThatIsMissing(seed: UInt64) {
        var random = Seeded(seed)
        for _ in 0..<60 {
            var universe = LadderUniverse(window: Int.random(in: 1...5, using: &random))
            if random.chance(50) { universe.unserved = [12] }
            let now = Int64.random(in: 24...240, using: &random)
            let ledgers = universe.lengths.map { length in
                Ledger(key: LadderUniverse.key(length), held: SlotSet(ranges: random.ranges(6, in: 0..<Int(now) / length, longest: 30)))
            }
            for ledger in ledgers {
                let missing = SlotSet(0..<Int(now) / LadderUniverse.length(ledger.key)).subtracting(ledger.held)
                let around = Self.circumstances(ledgers, now: now, trades: random.chance(50))
                let runs = universe.dataset.fillings(of: ledger.key, missing, around)
                #expect(SlotSet(ranges: runs.map(\.range)) == missing && runs.reduce(0) { $0 + $1.slots } == missing.count)
                #expect(zip(runs, runs.dropFirst()).allSatisfy { $0.range.upperBound <= $1.range.lowerBound })
                for run in runs where run.way == .api { #expect((run.until ?? 0) > now) }
            }
        }
    }

    @Test func aDownloadListNamesFilesOnce() {
        let universe = LadderUniverse(window: 1)
        let keys = [LadderUniverse.key(1), LadderUniverse.key(6)]
        let list = DownloadList(
            keys.map { Demand(series: $0, missing: SlotSet(ranges: [0..<2, 4..<6, 20..<22])) }, of: universe.dataset,
            Self.circumstances([], now: 1000))
        #expect(list.entries.map(\.file) == ["part0.zip", "part0.zip", "part100.zip"] && list.entries.map(\.slots) == [6, 4, 2])
        #expect(list.slots == 12 && list.entries[0].span == 0..<22)
        #expect(list.csv.hasPrefix("file,member,name,length,from,to,slots\r\npart0.zip,p/1.csv,p,1,1970-01-01T00:00:00Z,"))
    }

    @Test func limitsKeepWhatAsksNobodyAndWhatWillBeTooLate() {
        func call(_ shape: CallShape, _ at: Int, covers: Int, _ requests: Int, deadline: Int64? = nil) -> PlannedCall {
            PlannedCall(
                shape: shape, series: [LadderUniverse.key(1)], periods: at..<at + 1, covers: covers, cost: Cost(requests: requests),
                deadline: deadline)
        }
        let calls = [
            call(LadderUniverse.inference, 0, covers: 1, 0), call(LadderUniverse.newest, 1, covers: 1, 1, deadline: 20),
            call(LadderUniverse.newest, 2, covers: 9, 1, deadline: 90), call(LadderUniverse.tape, 3, covers: 100, 1),
        ]
        let plan = Plan(
            calls: calls, totals: Plan.Totals(of: calls), lowerBound: Cost(requests: 3), optimality: .proven,
            gaps: Plan.GapCount(count: 4, slots: 111), uncovered: 0)
        #expect(plan.limited(to: 0).calls == [calls[0]])
        #expect(plan.limited(to: 1).calls == [calls[0], calls[1]])
        #expect(plan.limited(to: 2).calls == Array(calls[0...2]) && plan.limited(to: 3) == plan)
    }
}
