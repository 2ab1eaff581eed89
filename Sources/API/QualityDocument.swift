internal import Answers
internal import Bytes
package import Series
package import Store

/// Scores as `GET /v1/{dataset}/quality` answers them, for who shows them elsewhere too. Instants are the shown clock's.
package enum QualityDocument {
    /// A page with the rules that it is scored by; `next`: where the next one begins.
    package static func json(_ scores: some Collection<SeriesQuality>, of dataset: Dataset, next: String? = nil) -> [UInt8] {
        var json = JSONWriter(capacity: 1024 + scores.count * 250)
        json.beginObject()
        json.member("dataset", dataset.name)
        json.key("gate")
        if let rules = dataset.quality { json.double(rules.gate) } else { json.null() }
        json.key("checks")
        json.beginArray()
        for check in dataset.quality?.checks ?? [] {
            json.beginObject()
            json.member("name", check.name)
            json.key("weight")
            json.double(check.weight)
            json.member("meaning", check.meaning)
            json.endObject()
        }
        json.endArray()
        json.key("data")
        json.beginArray()
        for one in scores { write(one, of: dataset, to: &json) }
        json.endArray()
        json.member("next_cursor", next)
        json.endObject()
        return json.bytes
    }

    /// With a header row; how many records failed each check has a column of its own.
    package static func csv(_ scores: some Collection<SeriesQuality>, of dataset: Dataset) -> [UInt8] {
        let checks = dataset.quality?.checks.map(\.name) ?? []
        var csv = CSVWriter(capacity: 1024 + scores.count * 120)
        for name in ["ingestion_id"] + dataset.keys + ["score", "below_gate", "records"] + checks.map({ "failed_\($0)" }) + ["at"] {
            csv.text(name)
        }
        csv.endRow()
        for one in scores {
            csv.text(one.ingestionID)
            for value in one.key.values { csv.text(value) }
            csv.number(one.score.description.utf8)
            csv.text(one.isBelowGate ? "true" : "false")
            csv.int(Int64(one.records))
            for check in checks { csv.int(Int64(one.failed[check] ?? 0)) }
            csv.timestamp(one.at, offset: dataset.zone.offset(at: one.at))
            csv.endRow()
        }
        return csv.bytes
    }

    /// A JSON object a line.
    static func lines(_ scores: some Collection<SeriesQuality>, of dataset: Dataset) -> [UInt8] {
        var json = JSONWriter(capacity: scores.count * 250)
        for one in scores {
            write(one, of: dataset, to: &json)
            json.endLine()
        }
        return json.bytes
    }

    private static func write(_ one: SeriesQuality, of dataset: Dataset, to json: inout JSONWriter) {
        json.beginObject()
        json.member("ingestion_id", one.ingestionID)
        json.members(of: one.key, names: dataset.keys)
        json.key("score")
        json.double(one.score)
        json.key("below_gate")
        json.bool(one.isBelowGate)
        json.member("records", one.records)
        json.member("failed") { json in
            for check in dataset.quality?.checks ?? [] {
                if let count = one.failed[check.name] { json.member(check.name, count) }
            }
        }
        json.member("at", instant: one.at, in: dataset.zone)
        json.endObject()
    }
}
