import Bytes
import Conformance
import Series
import Testing

@Suite struct TidesTests {
    static let dataset = tides(zone: .utc, stations: ["HOOK-HEAD", "DUBLIN"], rate: Tides.rate)

    @Test(arguments: Conformance.Check.allCases)
    func theyHoldWhatAllHold(check: Conformance.Check) {
        let violations = Conformance.violations(of: tidesSpecimen(Self.dataset), check, seed: 1)
        #expect(violations.isEmpty, "\(violations.joined(separator: "\n"))")
    }

    /// What is this dataset's own: a record that is refused, one that tells no hour, and one that nobody asked for.
    @Test func recordsAreHeldAgainstTheirHour() throws {
        let day = LocalDate("2025-06-01")!.daysSince1970
        let order = CallOrder(shape: "window", series: [SeriesKey(["DUBLIN"])], periods: day..<day + 1)
        func step(_ records: [(time: String, level: String)]) throws -> Step {
            var call = TidesExchange(order)
            let asked = call.start()
            let levels = records.map { #"{"time": "\#($0.time)", "level": \#($0.level)}"# }.joined(separator: ", ")
            let body = #"{"station": "DUBLIN", "count": \#(records.count), "levels": [\#(levels)]}"#
            return try call.received(UpstreamAnswer(body: Array(body.utf8)), to: asked[0])
        }
        let mixed = try step([("2025-06-01T00:00:00Z", "1.5"), ("2025-06-01T01:00:00Z", "null"), ("2025-05-31T23:00:00Z", "1")])
        #expect(mixed.rows == [Row(series: 0, time: Int64(day) * 86_400, values: [.decimal(Decimal("1.5")!)])])
        #expect(mixed.quarantined.map(\.reason) == ["level is not a number"] && mixed.dropped == 1)
        #expect(mixed.end == .proved("all 3 levels of the answer were seen"), "the refused record's slot is known")
        #expect(try step([("2025-06-01T00:30:00Z", "1.5")]).end == .unproved("1 records do not tell their hour"))
    }
}
