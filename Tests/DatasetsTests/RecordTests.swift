import Bytes
import Series
import Testing
import TestSupport

@testable import Datasets

@Suite("CMG records")
struct RecordTests {
    let bench: Bench

    init() throws { bench = try Bench() }

    /// The call of a day whose page holds these records and no more.
    private func call(_ records: [String], date: String = "2025-12-01") throws -> Outcome {
        let data = records.joined(separator: ", ")
        return try carryOut(bench.node(date), serve: FakeListing.onePage(data, count: records.count))
    }

    private func record(_ change: (String, String)) -> String {
        let json = FakeRecord(bus: Bench.bus, date: "2025-12-01", hour: 13, minute: 45).json
        let parts = json.split(separator: change.0, omittingEmptySubsequences: false)
        return parts.joined(separator: change.1)
    }

    private func price(_ text: String) throws -> Value? { try call([record(("57.18", text))]).rows.first?.values[0] }

    @Test func theLongDayGivesItsLastHourAndNoneOfTheForeignOne() throws {
        let listing = FakeListing(records: FakeRecord.day("2025-04-05", bus: Bench.bus))
        let outcome = try carryOut(bench.node("2025-04-05"), serve: listing.answer)
        #expect(outcome.isProved)
        #expect(outcome.rows.count == 92)
        #expect(outcome.quarantined.isEmpty && outcome.dropped == 4)
        let range = bench.zone.range(of: LocalDate("2025-04-05")!)
        #expect(range.upperBound - range.lowerBound == 25 * 3600)
        // 22:00 and the first 23:00 are not among them; the last four quarters of the day are.
        let expected = Set(stride(from: range.lowerBound, to: range.upperBound, by: 900)).subtracting(
            stride(from: range.upperBound - 3 * 3600, to: range.upperBound - 3600, by: 900))
        #expect(outcome.times == expected)
    }

    @Test func theShortDaysPhantomHourIsDropped() throws {
        let listing = FakeListing(records: FakeRecord.day("2025-09-07", bus: Bench.bus))
        let outcome = try carryOut(bench.node("2025-09-07"), serve: listing.answer)
        #expect(outcome.isProved)
        #expect(outcome.rows.count == 92)
        #expect(outcome.dropped == 4)
        #expect(outcome.quarantined.isEmpty)
        let range = bench.zone.range(of: LocalDate("2025-09-07")!)
        #expect(outcome.times == Set(stride(from: range.lowerBound, to: range.upperBound, by: 900)))
    }

    @Test func recordsOfOtherDaysAreDropped() throws {
        let outcome = try call([record(("2025-12-01", "2025-12-02")), record(("2025-12-01", "2025-11-30")), record(("-", "-"))])
        #expect(outcome.rows.count == 1)
        #expect(outcome.dropped == 2)
        #expect(outcome.isProved)
    }

    @Test func pricesComeInSeveralSpellings() throws {
        let expected: [(String, String)] = [
            ("57.18", "57.18"), ("\"57,18\"", "57.18"), ("\"57.18\"", "57.18"), ("0.0", "0"), ("-3.5", "-3.5"), ("1e3", "1000"),
            ("10000", "10000"), ("241.74438", "241.74438"), ("\"-0,00001\"", "-0.00001"),
            ("\"1.234,5\"", "1234.5"), ("\"-1.234,50\"", "-1234.5"), ("\"46,1206\"", "46.1206"), ("\"1.234\"", "1.234"),
        ]
        for (text, value) in expected { #expect(try price(text) == .decimal(Decimal(value)!), "\(text)") }
    }

    @Test func whatIsNoPriceIsQuarantinedAndNeverZero() throws {
        let texts = [
            "null", "\"\"", "\"nan\"", "\"NaN\"", "1e400", "10000.01", "-10000.01", "true", "{}", "[1]",
            "\"1,2,3\"", "\" 1\"", "\"1.23,5\"", "\"1234.567,5\"", "\"1,234.5\"", "\".123,5\"", "\"1.234,\"", "\",5\"",
            "0.12345678901234567890123",
        ]
        for text in texts {
            let outcome = try call([record(("57.18", text))])
            #expect(outcome.rows.isEmpty, "\(text)")
            #expect(outcome.quarantined.count == 1, "\(text)")
            #expect(outcome.isUnproved, "what cannot be read is there all the same: \(text)")
        }
        let renamed = try call([record(("cmg_usd_mwh_", "cmg_usd_mwh"))])
        #expect(renamed.rows.isEmpty)
        #expect(renamed.quarantined.map(\.reason) == ["cmg_usd_mwh_ is missing"])
        #expect(renamed.quarantined[0].record == record(("cmg_usd_mwh_", "cmg_usd_mwh")))
    }

    @Test func pesosMayBeMissingButNotGarbled() throws {
        for change in [("54.1", "null"), ("cmg_clp_kwh_", "other")] {
            #expect(try call([record(change)]).rows.first?.values == [.decimal(Decimal("57.18")!), .null, .text("EN LINEA"), .null])
        }
        #expect(try call([record(("54.1", "\"x\""))]).quarantined.count == 1)
        #expect(try call([record(("\"EN LINEA\"", "null"))]).rows.first?.values[2] == .null)
    }

    @Test func clocksThatDisagreeAreQuarantined() throws {
        let changes = [
            ("\"hra\": 13", "\"hra\": 14"), ("\"min\": 45", "\"min\": 30"), ("\"hra\": 13", "\"hra\": null"), ("\"min\"", "\"minute\""),
            ("13:45", "13:44"), ("13:45", "24:00"), ("13:45", "13:45:30"), ("2025-12-01 13:45", "2025-12-01"),
            ("2025-12-01", "2025-02-30"), ("2025-12-01", "0000-12-01"), ("\"fecha_minuto\": \"2025-12-01 13:45\"", "\"fecha_minuto\": 5"),
        ]
        for change in changes {
            let outcome = try call([record(change)])
            #expect(outcome.rows.isEmpty && outcome.quarantined.count == 1, "\(change)")
        }
        #expect(try call([record(("\"fecha_minuto\": \"2025-12-01 13:45\"", "\"fecha_minuto\": \"2025-12-01T13:45:00\""))]).rows.count == 1)
    }

    @Test func recordsWithoutABusAreQuarantined() throws {
        let outcome = try call([record(("-", "-")), record(("barra_transf", "bus")), "null", "[]"])
        #expect(outcome.rows.count == 1)
        #expect(outcome.quarantined.count == 3)
        #expect(outcome.isUnproved)
    }

    @Test func whatIsNoPageIsADefectAndChangesNothing() throws {
        let good = FakeListing(records: Array(FakeRecord.day("2025-12-01", bus: Bench.bus).prefix(3)))
        var machine = bench.node("2025-12-01")
        let request = machine.start()[0]
        let bodies = [
            "", " ", "<html><body>502 Bad Gateway</body></html>", "null", "[]", "{}", #"{"data": null}"#, #"{"data": {}}"#,
            #"{"error": "x"}"#, #"{"data": [], "totalPages": -1}"#, #"{"data": [], "totalPages": "3"}"#,
            #"{"data": [], "totalPages": 99999999999}"#, #"{"data": [], "limit": 1e400}"#, #"{"data": [NaN]}"#,
            #"{"data": [{"barra": "x"}], "totalPages": 1, "page": 0, "limit": 4000}"#, good.answer(request) + "x",
        ]
        for body in bodies {
            do {
                _ = try machine.received(UpstreamAnswer(body: Array(body.utf8)), to: request)
                Issue.record("taken: \(body)")
            } catch {
                #expect(error.kind == .malformed)
                #expect(!error.reason.contains("502"), "the body's content is not for the log")
            }
        }
        let step = try machine.received(UpstreamAnswer(body: Array(good.answer(request).utf8)), to: request)
        #expect(step.rows.count == 3)
        #expect(step.requests.map { $0["limit"] } == ["1"], "it goes on: the end is asked for")
    }

    @Test func noTruncationAndNoGarblingGivesFalseRows() throws {
        let records = Array(FakeRecord.day("2025-12-01", bus: Bench.bus).prefix(3))
        var machine = bench.node("2025-12-01")
        let request = machine.start()[0]
        let body = Array(FakeListing(records: records).answer(request).utf8)
        for length in 0..<body.count {
            #expect(throws: AnswerDefect.self, "cut at \(length)") {
                try machine.received(UpstreamAnswer(body: Array(body[..<length])), to: request)
            }
        }
        let range = bench.zone.range(of: LocalDate("2025-12-01")!)
        var random = Seeded(7, isTold: false)
        for _ in 0..<3000 {
            var garbled = body
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                garbled[Int.random(in: 0..<body.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            var copy = machine
            guard let step = try? copy.received(UpstreamAnswer(body: garbled), to: request) else { continue }
            for row in step.rows { #expect(range.contains(row.time) && row.time % 900 == 0 && row.values.count == 4 && row.series == 0) }
        }
    }
}
