internal import Ingest
internal import Series
internal import Store

/// What a person may do with a job, on the command line.
enum JobMove: Sendable {
    case pause, resume, cancel

    /// The job of an id. `name`: the option or argument that named it.
    static func find(_ id: String, _ name: String, _ attached: AttachedStore) throws -> StoredIngestion {
        let job = try attached.planning { _, planning in try await planning.ingestion(id: id) }
        guard let job else { throw InputError(name, "there is no job \(ShownText.safe(id)) in this store (gapless jobs lists them)") }
        return job
    }

    /// The job as it then is. Throws `IllegalMove` where that cannot be.
    func make(_ job: StoredIngestion, _ attached: AttachedStore) throws -> StoredIngestion {
        let (id, requester, move) = (job.id, Asker(IngestCommand.requester), self)
        let moved = try attached.planning { _, planning in
            switch move {
            case .pause: try await planning.store.pause(ingestion: id, by: requester)
            case .resume: try await planning.store.resume(ingestion: id, by: requester)
            case .cancel: try await planning.store.cancel(ingestion: id, by: requester)
            }
        }
        guard let moved else { throw StoreError.unavailable("the job is gone already") }
        return try Self.scored([moved], attached)[0]
    }

    /// With what their records were found to be.
    static func scored(_ jobs: [StoredIngestion], _ attached: AttachedStore) throws -> [StoredIngestion] {
        try attached.planning { _, planning in try await planning.store.scored(jobs, of: planning.datasets) }
    }

    static func sentence(_ refusal: IllegalMove) -> String {
        let what = "\(refusal.action): not possible, the job is \(refusal.status.rawValue)"
        return switch refusal.cause {
        case .status: what
        case .equalIsOpen: "\(what) and another one of the same selection is open"
        case .isExpiring: "\(refusal.action): not possible, the job ended so long ago that it is being taken out (file it anew)"
        }
    }
}
