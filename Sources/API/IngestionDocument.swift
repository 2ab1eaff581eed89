internal import Bytes
package import Store

/// An ingestion as `GET /v1/ingestions/{id}` answers it, for who shows it elsewhere: a job has one shape, whoever is asked.
package enum IngestionDocument {
    /// A JSON object. `now`: real time, seconds since 1970.
    package static func json(_ job: StoredIngestion, now: Int64) -> [UInt8] {
        var json = JSONWriter(capacity: 1024)
        IngestionText.write(job, now: now, to: &json)
        return json.bytes
    }
}
