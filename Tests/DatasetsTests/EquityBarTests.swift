import Bytes
import Series
import TestSupport
import Testing

@testable import Datasets

@Suite("Bars of equities")
struct EquityBarTests {
    let bench: EquitiesBench

    init() throws { bench = try EquitiesBench() }

    private func bar(_ text: String, leniently: Bool = false) throws -> EquityBar {
        EquityBar(try #require(EquityRecord(Array(text.utf8))), leniently: leniently)
    }

    @Test func numbersAreExact() throws {
        let text = #"{"v":6.42646396e+08,"vw":1.469,"o":1.50320,"c":1.4604,"h":1.5064,"l":1.4489,"t":1112331600000,"n":82132,"otc":true}"#
        let bar = try bar(text)
        #expect(bar.flaw == nil && bar.stamp == 1_112_331_600_000)
        let decimals = ["1.5032", "1.5064", "1.4489", "1.4604", "642646396", "1.469"]
        #expect(bar.values == decimals.map { .decimal(Decimal($0)!) } + [.integer(82_132)])
        let odd = try self.bar(#"{"v":25933.6,"o":1,"c":1,"h":1,"l":1.0,"t":1.1123316e12,"n":8.2E1,"vw":null}"#)
        #expect(odd.flaw == nil && odd.stamp == 1_112_331_600_000)
        #expect(odd.values == [1, 1, 1, 1].map { .decimal(Decimal($0)) } + [.decimal(Decimal("25933.6")!), .null, .integer(82)])
        let quiet = try self.bar(#"{"v":0,"o":1,"c":1,"h":1,"l":1,"t":0}"#)
        #expect(quiet.flaw == nil && quiet.values.suffix(2) == [.null, .null])
    }

    /// A member, what stands there, and what is said of it: by the rules, and on a person's word.
    @Test(arguments: [
        ("o", "null", "empty cells", "empty cells"), ("v", "", "empty cells", "empty cells"),
        ("l", "\"10\"", "not a number", "not a number"),
        ("vw", "\"10\"", "not a number", "not a number"), ("n", "1.5", "not a number", "not a number"),
        ("h", "true", "not a number", "not a number"), ("c", "[11]", "not a number", "not a number"),
        ("vw", "1.0000000000000000000000001", "not a number", "not a number"),
        ("h", "9.5", "high below low", nil), ("o", "12", "open or close outside high and low", nil),
        ("c", "9.99", "open or close outside high and low", nil), ("c", "11.250000001", "open or close outside high and low", nil),
        ("l", "0", "price not positive", "price not positive"), ("o", "-10", "price not positive", "price not positive"),
        ("vw", "-1", "price not positive", "price not positive"), ("vw", "0", nil, nil),
        ("l", "-1e300", "price not positive", "price not positive"),
        ("h", "10000000.01", "price out of range", nil), ("h", "1e7", nil, nil), ("h", "1e999", "price out of range", "price out of range"),
        ("vw", "1e8", "price out of range", nil), ("v", "-0.5", "negative volume", "negative volume"), ("v", "-0", nil, nil),
        ("v", "-1e40", "negative volume", "negative volume"), ("v", "1e14", "volume out of range", nil),
        ("v", "1e40", "volume out of range", "volume out of range"), ("n", "-1", "volume out of range", "volume out of range"),
    ] as [(String, String, String?, String?)])
    func whatIsRefused(name: String, text: String, flaw: String?, leniently: String?) throws {
        let members = [("o", "10.5"), ("h", "11.25"), ("l", "10"), ("c", "11"), ("v", "500"), ("vw", "10.7"), ("n", "9"), ("t", "0")]
        let written = members.compactMap { member in
            member.0 == name ? (text.isEmpty ? nil : "\"\(name)\": \(text)") : "\"\(member.0)\": \(member.1)"
        }
        let record = "{\(written.joined(separator: ", "))}"
        #expect(try bar(record).flaw == flaw)
        #expect(try bar(record, leniently: true).flaw == leniently)
    }

    @Test(arguments: ["2024-01-02", "2024-03-08", "2024-03-11", "2024-07-03", "2024-11-01", "2024-11-04", "2024-03-09", "2024-03-10"])
    func aRangesBarsBeginAtMidnight(date: String) throws {
        let day = bench.day(date)
        let isSession = (1...5).contains(Civil.weekday(days: day))
        let midnight = bench.midnight(day)
        #expect(midnight % 3_600_000 == 0 && [4, 5].contains(midnight / 3_600_000 % 24))
        for off in [0, 1, 1000, -1000, 3_600_000, -3_600_000, 72_000_000, Int64.max / 2 - midnight] {
            let call = bench.call("A", day..<day + 1, now: bench.evening(date))
            let outcome = try carryOut(call) { _ in bench.body([FakeBar(day: day).json(midnight + off)]) }
            let expected = off != 0 ? ["not at midnight"] : isSession ? [] : ["not a session"]
            #expect(outcome.quarantined.map(\.reason) == expected, "\(off)")
            #expect(outcome.rows.count == (off == 0 && isSession ? 1 : 0) && outcome.dropped == 0)
            #expect(outcome.isProved == (off == 0), "what does not tell its session may be of any")
        }
    }

    @Test func recordsThatAreNoneLeaveTheCallUnproved() throws {
        let day = bench.day("2024-07-03")
        for (record, reason) in [("7", "empty cells"), ("[]", "empty cells"), ("{}", "empty cells"), (#"{"t":"x","o":1}"#, "empty cells")] {
            let call = bench.call("A", day..<day + 1, now: bench.evening("2024-07-03"))
            let outcome = try carryOut(call) { _ in bench.body([record, FakeBar(day: day).json(bench.midnight(day))]) }
            #expect(outcome.isUnproved && outcome.rows.count == 1 && outcome.quarantined.map(\.reason) == [reason])
            #expect(outcome.quarantined[0].record == record && outcome.quarantined[0].time == nil)
        }
    }

    // MARK: Read again

    private func reread(
        _ text: String, _ shape: String = "ticker", time: String? = nil, reason: String? = nil, leniently: Bool = false
    ) -> Result<Row, RereadRefusal> {
        let kept = KeptRecord(record: text, time: time.map(bench.time), shape: shape, reason: reason)
        return Equities.reread(bench.sessions)(SeriesKey(["A"]), kept, leniently)
    }

    private func refusal(_ result: Result<Row, RereadRefusal>) -> String? {
        if case .failure(let error) = result { error.reason } else { nil }
    }

    @Test func aRefusedBarIsReadAgain() throws {
        let day = bench.day("2024-07-03")
        let good = FakeBar(day: day)
        let row = try reread(good.json(bench.midnight(day)), time: "2024-07-03").get()
        #expect(row.time == bench.time("2024-07-03") && row.values.count == 7 && row.series == 0)
        let grouped = FakeBar(ticker: "A", day: day).json(bench.closing(day))
        #expect(try reread(grouped, "session", time: "2024-07-03").get() == row)
        #expect(refusal(reread(grouped)) == "not at midnight" && refusal(reread(good.json(bench.midnight(day)), "session")) != nil)
        #expect(refusal(reread(FakeBar(ticker: "B", day: day).json(bench.closing(day)), "session")) == "of another ticker")
        #expect(refusal(reread(good.json(bench.midnight(day)), time: "2024-07-02")) == "not of this session")
        #expect(refusal(reread(good.json(bench.midnight(day + 3)))) == "not a session")
        let odd = FakeBar(day: day, high: "9").json(bench.midnight(day))
        #expect(refusal(reread(odd)) == "high below low")
        #expect(try reread(odd, leniently: true).get().values[1] == .decimal(Decimal(9)))
        let twice = good.json(bench.midnight(day))
        #expect(refusal(reread(twice, reason: "twice with other values")) == "twice with other values")
        #expect(try reread(twice, reason: "twice with other values", leniently: true).get() == row)
        #expect(refusal(reread(grouped, "session", reason: "not of this session")) == "not of this session")
        #expect(try reread(grouped, "session", reason: "not of this session", leniently: true).get() == row)
        for text in ["", "7", "[]", "{\"t\": 0", "{}"] { #expect(refusal(reread(text, leniently: true)) == "empty cells") }
    }

    @Test func rowsAreMerged() {
        let bar: [Value] = [1, 2, 1, 2, 500].map { .decimal(Decimal($0)) }
        let told = bar + [.decimal(Decimal(1)), .integer(9)]
        let silent = bar + [.null, .null]
        #expect(Equities.merge(older: told, newer: silent) == told && Equities.merge(older: silent, newer: told) == told)
        let later = bar + [.null, .integer(10)]
        #expect(Equities.merge(older: told, newer: later) == bar + [.decimal(Decimal(1)), .integer(10)])
        let other = [.decimal(Decimal("1.5")!)] + silent.dropFirst()
        #expect(Equities.merge(older: told, newer: other) == other)
    }
}
