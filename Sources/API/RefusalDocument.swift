internal import Bytes
package import Series
package import Store

/// A refused record as `GET /v1/{dataset}/quarantine` answers it, for who shows it elsewhere too: it has one shape, whoever is asked.
/// Its instants are the shown clock's.
package enum RefusalDocument {
    /// A JSON object.
    package static func json(_ one: StoredRefusal, of dataset: Dataset) -> [UInt8] {
        var json = JSONWriter(capacity: 1024)
        write(one, of: dataset, to: &json)
        return json.bytes
    }

    /// With a header row.
    package static func csv(_ refusals: some Sequence<StoredRefusal>, of dataset: Dataset) -> [UInt8] {
        var csv = CSVWriter(capacity: 16_384)
        for name in names(of: dataset) { csv.text(name) }
        csv.endRow()
        for one in refusals {
            for (_, field) in fields(of: one, dataset) {
                switch field {
                case .text(let text?): csv.text(text)
                case .int(let value?): csv.int(value)
                case .instant(let instant?): csv.timestamp(instant, offset: dataset.zone.offset(at: instant))
                case .text(nil), .int(nil), .instant(nil): csv.empty()
                }
            }
            csv.endRow()
        }
        return csv.bytes
    }

    static func write(_ one: StoredRefusal, of dataset: Dataset, to json: inout JSONWriter) {
        json.beginObject()
        for (name, field) in fields(of: one, dataset) {
            json.key(name)
            switch field {
            case .text(let text?): json.string(text)
            case .int(let value?): json.int(value)
            case .instant(let instant?): json.timestamp(instant, offset: dataset.zone.offset(at: instant))
            case .text(nil), .int(nil), .instant(nil): json.null()
            }
        }
        json.endObject()
    }

    private enum Field {
        case text(String?)
        case int(Int64?)
        case instant(Int64?)
    }

    private static let behind = [
        "time", "slot", "reason", "record", "place", "file", "shape", "task", "ingestion_id", "seen", "created_at", "last_seen_at",
        "status", "resolved_at", "resolved_by", "resolution", "resolved_task", "resolved_ingestion_id",
    ]

    private static func names(of dataset: Dataset) -> [String] { ["id"] + dataset.keys + behind }

    private static func fields(of one: StoredRefusal, _ dataset: Dataset) -> [(String, Field)] {
        let slot = one.slot.flatMap { slot in one.key.map { dataset.calendar(of: $0).ruler.start(of: slot) } }
        let keys = dataset.keys.indices.map { place in Field.text(one.key?.values[place]) }
        let rest: [Field] = [
            .instant(one.time), .instant(slot), .text(one.reason), .text(one.record), .text(one.place), .text(one.file), .text(one.shape),
            .int(one.task), .text(one.ingestionID), .int(Int64(one.seen)), .instant(one.createdAt), .instant(one.lastSeenAt),
            .text(one.status.rawValue), .instant(one.resolvedAt), .text(one.resolvedBy), .text(one.resolution), .int(one.resolvedTask),
            .text(one.resolvedIngestionID),
        ]
        return Array(zip(names(of: dataset), [.int(one.id)] + keys + rest))
    }
}
