internal import Bytes
internal import HTTP
internal import Ingest
internal import Store

/// What people do to a job: pause, resume, cancel.
extension Service {
    func pauseIngestion(_ request: Request) async -> Response {
        await moved(request) { try await $0.pause(ingestion: $1, by: $2, keeping: $3) }
    }

    func resumeIngestion(_ request: Request) async -> Response {
        await moved(request) { try await $0.resume(ingestion: $1, by: $2, keeping: $3) }
    }

    func cancelIngestion(_ request: Request) async -> Response {
        await moved(request) { try await $0.cancel(ingestion: $1, by: $2, keeping: $3) }
    }

    private func moved(
        _ request: Request, _ move: (Store, String, Asker, Keeping<StoredIngestion>?) async throws -> StoredIngestion?
    ) async -> Response {
        await answering(request, input: .body) { request in
            try self.takeNothing(request)
            try Self.takeEmptyBody(request)
            return try await self.once(request) { key in
                let keeping = key.map { Keeping($0, answer: Service.accepted) }
                let id = request.parameter("id") ?? ""
                guard let job = try await move(self.planning.store, id, request.asker, keeping) else {
                    throw Service.ingestionUnknown
                }
                self.nudgeWorker()
                return Service.shown(Service.accepted(job))
            }
        }
    }

    /// Nothing, or an object without members.
    static func takeEmptyBody(_ request: Request) throws {
        if request.body.isEmpty { return }
        if let name = try BodyInput.object(request).object?.first?.0 { throw InputError(name, "is not taken: the path says all") }
    }
}

extension Request {
    /// Who asks by it for a change.
    var asker: Asker { Asker(client ?? "api", requestID: id, traceID: traceParent?.traceID) }
}
