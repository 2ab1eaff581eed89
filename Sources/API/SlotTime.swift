internal import Bytes
internal import HTTP
internal import Ingest
internal import Series

/// The instant that names a slot in a path: it may lie anywhere inside the slot.
enum SlotTime {
    /// An instant with its offset, a date (its first instant), or what the local clock shows: `2025-12-01T14`, with minutes and
    /// seconds or without. Throws where the clock shows that twice, or never.
    static func instant(_ text: String, of key: SeriesKey, in dataset: Dataset) throws(Failure) -> Int64 {
        let zone = dataset.zone
        if let date = LocalDate(text) { return zone.start(of: date) }
        do throws(TimestampError) {
            return try Timestamp.parse(text)
        } catch {
            let isHour = text.utf8.count == 13
            guard let stamp = LocalStamp(Array((isHour ? text + ":00" : text).utf8)[...]),
                let date = LocalDate(year: stamp.year, month: stamp.month, day: stamp.day)
            else {
                let example = SelectionJSON.example(hour: 14, in: zone)
                throw wrong("expected an instant (\(example)), a local hour (2025-12-01T14) or a date (2025-12-01)")
            }
            let found = zone.instants(date, hour: stamp.hour, minute: stamp.minute).map { $0 + Int64(stamp.second) }
            guard let first = found.first else {
                throw Failure(.unknownSlot, "The clocks of \(zone.name) never show \(text): they jump over it.")
            }
            if Set(found.map(dataset.calendar(of: key).ruler.slot(containing:))).count == 1 { return first }
            let both = found.map { Timestamp.text($0, offset: zone.offset(at: $0)) }.joined(separator: " and ")
            throw wrong("the clocks of \(zone.name) show \(text) twice: say which, \(both)")
        }
    }

    private static func wrong(_ detail: String) -> Failure {
        Failure(.invalidInput, "time: \(detail)", errors: [Problem.Detail(.parameter("time"), detail)])
    }
}
