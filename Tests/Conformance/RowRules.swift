internal import Bytes
internal import Series

extension Conformance {
    /// What a step gave has to be what the store can take.
    static func judge(_ dialogue: Dialogue, of order: CallOrder, _ dataset: Dataset, _ findings: inout Findings, _ whence: String) {
        for (place, values) in dialogue.rows {
            let isAsked = order.series.indices.contains(place.series)
            guard findings.expect(isAsked, "\(whence): a row of no series of the order") else { continue }
            judge(values, at: place.time, of: order.series[place.series], dataset, &findings, whence)
        }
        for (place, values) in dialogue.found {
            findings.expect(place.key.values.count == dataset.keys.count, "\(whence): found is \(place.key), which is no series' key")
            judge(values, at: place.time, of: place.key, dataset, &findings, whence)
        }
        for record in dialogue.quarantined {
            findings.expect(!record.reason.isEmpty, "\(whence): a record is refused without a reason")
            let isPlaced = record.series.map(order.series.indices.contains) ?? true
            guard findings.expect(isPlaced, "\(whence): a refused record is of no series of the order") else { continue }
            reread(record, of: order, dataset, &findings, whence)
        }
        let checks = dataset.quality?.checks.map(\.name) ?? []
        for mark in dialogue.marks {
            let isKnown = order.series.indices.contains(mark.series) && checks.contains(mark.check) && mark.records > 0
            findings.expect(isKnown, "\(whence): a mark of \(mark.check), or of a series, that is none")
        }
        if let witnessed = dialogue.last.witnessed {
            let isWithin = witnessed.isEmpty
                || (witnessed.lowerBound >= order.periods.lowerBound && witnessed.upperBound <= order.periods.upperBound)
            findings.expect(isWithin, "\(whence): the end is sure of \(witnessed), asked for were \(order.periods)")
        }
        let isKnown = dialogue.last.unanswered.allSatisfy(order.series.indices.contains)
        findings.expect(isKnown, "\(whence): unanswered are series that the order does not name")
    }

    /// A refused record can be read again, strictly and leniently: a row that fits, or a reason.
    private static func reread(
        _ record: QuarantinedRecord, of order: CallOrder, _ dataset: Dataset, _ findings: inout Findings, _ whence: String
    ) {
        guard let reread = dataset.reread, let key = record.series.map({ order.series[$0] }) ?? record.found else { return }
        let kept = KeptRecord(
            record: record.record, time: record.time, shape: order.shape, place: record.place, reason: record.reason)
        for leniently in [false, true] {
            switch reread(key, kept, leniently) {
            case .success(let row): judge(row.values, at: row.time, of: key, dataset, &findings, "\(whence), read again")
            case .failure(let refusal): findings.expect(!refusal.reason.isEmpty, "\(whence): read again, refused without a reason")
            }
        }
    }

    private static func judge(
        _ values: [Value], at time: Int64, of key: SeriesKey, _ dataset: Dataset, _ findings: inout Findings, _ whence: String
    ) {
        let schema = dataset.schema(of: key)
        let columns = schema.columns
        if findings.expect(values.count == columns.count, "\(whence): a row of \(values.count) values for \(columns.count) columns") {
            // What is kept is made whole by what is known, and only where the schema says how.
            for (column, value) in zip(columns, values) where !(value == .kept && schema.carry != nil) && !fits(value, column.kind) {
                findings.expect(false, "\(whence): \(column.name) is \(column.kind), the value is \(value)")
            }
        }
        let calendar = dataset.calendar(of: key)
        let parts = calendar.partRuler
        let part = parts.slot(containing: time)
        findings.expect(parts.start(of: part) == time, "\(whence): a row of \(key) at \(time), which is no part's start")
        let filled = dataset.partsPerRow(key)
        findings.expect(part % filled == 0, "\(whence): a row of \(key) fills \(filled) parts from part \(part) on")
        let slot = calendar.ruler.slot(containing: time)
        findings.expect(!calendar.expected(in: slot..<slot + 1).isEmpty, "\(whence): a row of \(key) at \(time), where no slot exists")
    }

    static func fits(_ value: Value, _ kind: RowSchema.Column.Kind) -> Bool {
        switch (value, kind) {
        case (.null, _), (.decimal, .decimal), (.integer, .integer): true
        // No text of the store's can hold a NUL.
        case (.text(let text), .text): !text.utf8.contains(0)
        case (.text(let text), .json): !text.utf8.contains(0) && (try? JSONValue(parsing: Array(text.utf8), limit: .max)) != nil
        default: false
        }
    }
}
