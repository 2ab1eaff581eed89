internal import Ingest
internal import Series
internal import Store

/// Jobs by the ids that people type.
enum JobMove {
    /// The job of an id. `name`: the option or argument that named it.
    static func find(_ id: String, _ name: String, _ attached: AttachedStore) throws -> StoredIngestion {
        let job = try attached.planning { _, planning in try await planning.store.ingestion(id: id) }
        guard let job else { throw InputError(name, "there is no job \(ShownText.safe(id)) in this store (gapless jobs lists them)") }
        return job
    }
}
