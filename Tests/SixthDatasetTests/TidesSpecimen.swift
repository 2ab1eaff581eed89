import Bytes
import Conformance
import Series

/// What the office has of a gauge: levels as they stand in its answers, by where their hours begin.
struct FakeGauge: Sendable {
    var station = "HOOK-HEAD"
    var levels: [Int64: String]

    /// Levels of some days, all different, but for the hours that are silent.
    init(days: Range<Int>, silent: Set<Int64> = []) {
        levels = [:]
        for hour in days.lowerBound * 24..<days.upperBound * 24 where !silent.contains(Int64(hour) * 3600) {
            levels[Int64(hour) * 3600] = "\(hour % 7 - 3).\(hour % 89 + 10)"
        }
    }

    /// nil for what the office refuses.
    func answer(station: String?, from: String?, to: String?) -> String? {
        guard station == self.station, let from = from.flatMap({ LocalDate($0) }), let to = to.flatMap({ LocalDate($0) }), from <= to else {
            return nil
        }
        let asked = Tides.days.instants(of: from.daysSince1970..<to.daysSince1970 + 1)
        let told = levels.keys.sorted().filter(asked.contains).map { time in
            #"{"time": "\#(Timestamp.text(time))", "level": \#(levels[time] ?? "")}"#
        }
        return #"{"station": "\#(self.station)", "count": \#(told.count), "levels": [\#(told.joined(separator: ", "))]}"#
    }

    func answer(_ request: UpstreamRequest) -> String? {
        func said(_ name: String) -> String? { request.query.first { $0.name == name }?.value }
        return request.path == "/v1/levels" ? answer(station: said("station"), from: said("from"), to: said("to")) : nil
    }
}

/// Three days of a gauge, one hour of which it did not tell.
func tidesSpecimen(_ dataset: Dataset) -> Specimen {
    let first = LocalDate("2025-03-29")!.daysSince1970
    let gauge = FakeGauge(days: first - 1..<first + 5, silent: [Int64(first) * 86_400 + 5 * 3600])
    let rows = gauge.levels.filter { Tides.days.instants(of: first..<first + 3).contains($0.key) }.map { time, level in
        Row(series: 0, time: time, values: [.decimal(Decimal(level)!)])
    }
    return Specimen(dataset, [
        SpecimenCall(
            "window", of: dataset, [SeriesKey([gauge.station])], periods: first..<first + 3, rows: rows, answer: { gauge.answer($0) })
    ])
}
