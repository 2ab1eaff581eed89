import Series
import Testing
import TestSupport

@Suite struct QualityTests {
    private static let rules = QualityRules(
        checks: [
            .init("schema", weight: 1, "Is it a record at all?"), .init("ohlc", weight: 1, "Is high the highest?"),
            .init("duplicate", weight: 0.5, "Did it come once?"), .init("jump", weight: 0.2, "Is it near the one before?"),
        ],
        refusals: ["high below low": "ohlc", "twice with other values": "duplicate"])

    @Test(arguments: [
        (10, [:], 1), (10, ["ohlc": 1], 0.9), (10, ["ohlc": 10], 0), (10, ["duplicate": 10], 0.5), (10, ["jump": 10], 0.8),
        (4, ["ohlc": 1, "duplicate": 2], 0.5), (10, ["ohlc": 10, "schema": 10], 0), (3, ["ohlc": 1], 0.666667), (1, ["other": 1], 1),
    ] as [(Int, [String: Int], Double)])
    func aScoreLosesEachChecksWeightByItsShare(_ records: Int, _ failing: [String: Int], _ score: Double) {
        #expect(Self.rules.score(of: records, failing: failing) == score)
    }

    @Test func nothingIsScoredWhereNothingCame() {
        #expect(Self.rules.score(of: 0, failing: ["ohlc": 0]) == nil)
    }

    @Test func aReasonThatBelongsToNoCheckIsOneOfForm() {
        #expect(Self.rules.check(of: "high below low") == "ohlc" && Self.rules.check(of: "something new") == "schema")
    }

    /// Sums of tenths are off by the last bit: what comes to the gate exactly is not under it.
    @Test func whatIsExactlyAtTheGateIsNotUnderIt() {
        let many = QualityRules(checks: (0..<8).map { .init("c\($0)", weight: 0.1, "") }, refusals: [:])
        for records in 1...200 where records * 2 % 8 == 0 {
            // Eight checks of a tenth, each failed by a quarter of the records: a fifth is lost.
            let failing = Dictionary(uniqueKeysWithValues: (0..<8).map { ("c\($0)", records / 4) })
            #expect(many.score(of: records, failing: failing) == 0.8, "\(records)")
        }
    }

    @Test func refusalsBeyondTheBoundAreStillCounted() {
        var refusals = Refusals()
        let one = QuarantinedRecord(reason: "high below low", record: "x", series: 3, time: 5)
        refusals.add(Array(repeating: one, count: Refusals.keptMax))
        #expect(refusals.countsBeyond.isEmpty)
        let timeless = QuarantinedRecord(reason: "empty cells", record: "x", series: 3)
        refusals.add([one, one, timeless, QuarantinedRecord(reason: "empty cells", record: "x")])
        #expect(refusals.countsBeyond == [3: ["high below low": 2, "empty cells": 1]] && refusals.count == Refusals.keptMax + 4)
        #expect(refusals.take().countsBeyond.count == 1 && refusals.countsBeyond.isEmpty)
    }
}
