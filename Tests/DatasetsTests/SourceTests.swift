import Bytes
import Series
import Testing

@testable import Datasets

@Suite("The sources of cmg")
struct SourceTests {
    let bench: Bench
    let bus = "CHILOE________110"

    init() throws { bench = try Bench() }

    private func instant(_ text: String) throws -> Int64 { try Timestamp.parse(text) }

    @Test func reachAndReasonsAreTold() throws {
        let dataset = bench.dataset
        let now = try instant("2025-12-15T12:00:00-03:00")
        let real = dataset.reach(SeriesKey([bus, "real"]), now)
        #expect(real?.from == (try instant("2024-07-15T00:00:00-04:00")))
        #expect(real?.reason == "before_first_day")
        let online = dataset.reach(SeriesKey([bus, "online"]), now)
        #expect(online?.from == (try instant("2023-08-18T00:00:00-04:00")), "850 local days before, at midnight")
        #expect(online?.reason == "outside_window")
        // The window moves at the next local midnight; the first day of real costs never does.
        #expect(online?.holds == (try instant("2025-12-15T00:00:00-03:00"))..<(try instant("2025-12-16T00:00:00-03:00")))
        #expect(real?.holds == Reach.always)
        for source in ["pid", "pcp"] { #expect(dataset.reach(SeriesKey([bus, source]), now) == nil) }
        let short = cmg(zone: bench.zone, following: CMG.Following(onlineWindowDays: 99), rate: CMG.rate)
        // The day before the clocks went forward at midnight begins at midnight, that day itself at 01:00.
        let spring = try instant("2025-12-15T00:00:00-03:00")
        #expect(short.reach(SeriesKey([bus, "online"]), spring)?.from == (try instant("2025-09-07T01:00:00-03:00")))
        let reason = { (source: String, at: String) in try dataset.absenceReason(of: Int(instant(at) / 3600), SeriesKey([bus, source])) }
        for source in ["real", "online"] {
            #expect(try reason(source, "2025-04-05T23:00:00-03:00") == "overwritten")
            #expect(try reason(source, "2025-04-05T23:00:00-04:00") == "no_record")
            #expect(try reason(source, "2025-04-05T22:00:00-03:00") == "foreign_values")
            #expect(try reason(source, "2025-04-05T21:00:00-03:00") == "no_record")
            #expect(try reason(source, "2025-09-07T01:00:00-03:00") == "no_record")
        }
        #expect(try reason("pcp", "2025-04-05T22:00:00-03:00") == "no_record")
        #expect(dataset.finalReasons == ["overwritten", "foreign_values"])
        #expect(dataset.reasonTexts["overwritten"]?.contains("in its place") == true)
        #expect(dataset.reasonTexts["foreign_values"]?.contains("of no known hour") == true)
        #expect(dataset.partsPerRow(SeriesKey([bus, "pid"])) == 4 && dataset.partsPerRow(SeriesKey([bus, "real"])) == 1)
    }

    @Test func theNodeTableIsReadStrictly() throws {
        let good = try ProgrammeNodes.builtIn.extended(byCSV: Array("node,programme_key\r\nX_110,\"BA, 1\"\nP.MONTT_______220,Other".utf8))
        #expect(good["X_110"] == "BA, 1")
        #expect(good["P.MONTT_______220"] == "Other")
        #expect(good[bus] == "BA S/E CHILOE 110KV BP1")
        #expect(good["NVA_P.MONTT___220"] == nil, "another busbar than PMontt220")
        for (text, line, field) in [
            ("", 1, "header"), ("node;key\na;b\n", 1, "header"), ("node,programme_key,x\na,b,c\n", 1, "header"),
            ("node,programme_key\na,b\n,c\n", 3, "node"), ("node,programme_key\na b,c\n", 2, "node"),
            ("node,programme_key\na,\n", 2, "programme_key"), ("node,programme_key\na, b\n", 2, "programme_key"),
            ("node,programme_key\na,b\nc,d\na,e\n", 4, "node"), ("node,programme_key\na,b,c\n", 2, "column 1"),
            ("node,programme_key\n\"a\"x,b\n", 2, "column 4"),
        ] {
            do {
                _ = try ProgrammeNodes.builtIn.extended(byCSV: Array(text.utf8))
                Issue.record("taken: \(text)")
            } catch {
                #expect(error.line == line && error.field == field, "\(text.debugDescription): \(error)")
            }
        }
    }

    private func programmed(_ hour: Int, usd: String, issue: String, at: Int, date: String = "2025-12-01") -> String {
        let hour = hour < 10 ? "0\(hour)" : "\(hour)"
        return #"{"nmb_barra_info": "BA S/E CHILOE 110KV BP1", "llave_cmg": "Chiloe110", "cmg_usd_mwh": \#(usd), "#
            + #""fecha_hora": "\#(date)T\#(hour):00:00", "fecha_programa": "\#(issue)", "hora_programa": \#(at)}"#
    }

    private func programme(
        _ records: [String], _ shape: String = "pcp-scan", date: String = "2025-12-01", now: Int64 = .max
    ) throws -> Outcome {
        try carryOut(
            bench.exchange(shape, date, buses: [bus], now: now),
            serve: FakeListing.onePage(records.joined(separator: ","), count: records.count, from: 1))
    }

    @Test func everyIssueOfAnHourIsHandedOutRanked() throws {
        let outcome = try programme([
            programmed(3, usd: "61.5", issue: "2025-11-30", at: 4), programmed(3, usd: "0", issue: "2025-12-01", at: 4),
            programmed(3, usd: "70.12345678901234567890", issue: "2025-11-29", at: 4),
        ])
        #expect(outcome.isProved)
        let issued = { (date: String) in Value.integer(bench.zone.instants(LocalDate(date)!, hour: 4, minute: 0)[0]) }
        #expect(outcome.rows.map(\.values) == [
            [.decimal(Decimal("61.5")!), .null, .text("PCP"), issued("2025-11-30")],
            [.decimal(.zero), .null, .text("PCP"), issued("2025-12-01")],
            [.decimal(Decimal("70.1234567890123")!), .null, .text("PCP"), issued("2025-11-29")],
        ])
        #expect(Set(outcome.rows.map(\.time)) == [try instant("2025-12-01T03:00:00-03:00")])
    }

    /// The fields of the other sources are not these: a price under another name is not a price of zero.
    @Test func programmesAreReadByTheirOwnFields() throws {
        let good = programmed(3, usd: "61.5", issue: "2025-11-30", at: 4)
        let changes = [
            ("cmg_usd_mwh", "cmg_usd_mwh_"), ("61.5", "\"s/i\""), ("fecha_programa", "fecha"), ("2025-11-30", "2025-13-30"),
            ("\"hora_programa\": 4", "\"hora_programa\": 25"), ("T03:00:00", "T03:30:00"), ("fecha_hora", "hora"),
        ]
        for (from, to) in changes {
            let record = good.split(separator: from, omittingEmptySubsequences: false).joined(separator: to)
            let outcome = try programme([record])
            #expect(outcome.rows.isEmpty && outcome.quarantined.count == 1 && outcome.isUnproved, "\(from) -> \(to)")
        }
        let text = good.split(separator: "\"hora_programa\": 4").joined(separator: "\"hora_programa\": \"04:00\"")
        #expect(try programme([text]).rows.count == 1)
        let none = good.split(separator: ", \"hora_programa\": 4").joined()
        #expect(try programme([none]).rows[0].values[3] == .integer(instant("2025-11-30T00:00:00-03:00")))
    }

    /// What is held is not asked for again: an hour is taken when no later issue can change it.
    @Test func programmesAreTakenWhenTheyAreFinal() throws {
        let now = try instant("2025-12-01T09:30:00-03:00")
        let older = programmed(3, usd: "1", issue: "2025-11-30", at: 4)
        let later = [
            programmed(20, usd: "2", issue: "2025-11-30", at: 4), programmed(20, usd: "3", issue: "2025-12-01", at: 4),
        ]
        // The day's own issue may be late: nothing is taken from the one before it, and nothing is said to be absent.
        let early = try programme([older] + later, now: now)
        #expect(early.isUnproved && early.rows.isEmpty)
        // With it, the ones before are handed out too: they are what it replaced.
        let pcp = try programme([older, programmed(3, usd: "4", issue: "2025-12-01", at: 4)] + later, now: now)
        #expect(pcp.isProved && pcp.rows.map { $0.values[0] } == [1, 4, 3].map { .decimal(Decimal($0)) })
        // After two days there will be no other.
        let late = try programme([older], now: now + 2 * 86_400)
        #expect(late.isProved && late.rows.count == 1)
        let pid = try programme(
            [programmed(7, usd: "1", issue: "2025-12-01", at: 7), programmed(8, usd: "2", issue: "2025-12-01", at: 7)], "pid-scan",
            now: now)
        #expect(pid.rows.map { $0.values[0] } == [.decimal(Decimal(1))])
    }

    @Test func programmesOfOddDaysHaveTheirHours() throws {
        let day = { (date: String) in (0..<24).map { programmed($0, usd: "\($0)", issue: date, at: 4, date: date) } }
        let long = try programme(day("2025-04-05"), date: "2025-04-05")
        #expect(long.isProved && long.rows.count == 24)
        #expect(long.rows.last?.time == (try instant("2025-04-05T23:00:00-04:00")))
        let short = try programme(day("2025-09-07"), date: "2025-09-07")
        #expect(short.isProved && short.rows.count == 23 && short.dropped == 1)
    }

    @Test func preliminaryCostsRankBelowDefinitiveOnesAndDoNotEndACall() throws {
        let day = FakeRecord.day("2025-12-01", bus: bus)
        func version(_ name: String) -> [FakeRecord] {
            day.map { FakeRecord(bus: bus, date: $0.date, hour: $0.hour, minute: $0.minute, usd: $0.usd, version: name) }
        }
        let listing = FakeListing(records: version("REAL-PRE") + version("REAL-DEF"), base: 1, limitMax: 96)
        let both = try carryOut(bench.exchange("real-scan", "2025-12-01", buses: [bus]), serve: listing.answer)
        #expect(both.isProved)
        #expect(both.rows.count == 192, "the first page alone would not do")
        #expect([0, 1].allSatisfy { rank in both.rows.count { $0.values[3] == .integer(rank) } == 96 })
        let early = try carryOut(
            bench.exchange("real-node", "2025-12-01", buses: [bus]), serve: FakeListing(records: version("REAL-PRE")).answer)
        #expect(early.isProved && early.requests.map { $0["limit"] } == ["4000", "1"])
        let done = try carryOut(
            bench.exchange("real-node", "2025-12-01", buses: [bus]), serve: FakeListing(records: version("REAL-DEF")).answer)
        #expect(done.isProved && done.requests.count == 1)
    }
}
