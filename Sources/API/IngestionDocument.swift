internal import Bytes
package import Store

/// An ingestion as `GET /v1/ingestions/{id}` answers it, for who shows it elsewhere: a job has one shape, whoever is asked.
package enum IngestionDocument {
    /// A JSON object, without an estimate of its end.
    package static func json(_ job: StoredIngestion) -> [UInt8] {
        var json = JSONWriter(capacity: 1024)
        IngestionText.write(job, to: &json)
        return json.bytes
    }
}
