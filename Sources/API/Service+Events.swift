internal import HTTP
internal import Ingest
internal import Series
internal import Store

/// What happens to a job, told while it happens.
extension Service {
    func ingestionEvents(_ request: Request) async -> Response {
        await answering(request) { request in
            var query = QueryInput(request, known: ["last_event_id"])
            let text = query.text("last_event_id")
            try query.end()
            guard Form.takesEvents(request) else {
                throw Failure(.notAcceptable, "This resource comes as text/event-stream.")
            }
            // A browser that comes back by itself says it in the header, whatever the address says.
            let asked = try Self.eventID(text, "last_event_id")
            let known = try Self.eventID(request.header("Last-Event-ID"), "Last-Event-ID") ?? asked
            guard let watched = try await self.planning.store.watched(ingestion: request.parameter("id") ?? "") else {
                throw Service.ingestionUnknown
            }
            // Nothing is left to tell: the standard has a client stay away by this status.
            if let known, known >= watched.last, watched.job.status.isOver { return Response(status: 204, fields: Self.eventFields) }
            guard let seat = self.room.enter(watched.job.id) else {
                throw Failure(ProblemType.serviceUnavailable.problem("As many clients watch ingestions as may at one time.")
                    .with("Retry-After", "5"))
            }
            let stream = EventStream(store: self.planning.store, datasets: self.datasets, seat: seat, watched: watched, known: known)
            var response = Response(status: 200, fields: Self.eventFields, body: .stream { writer in try await stream.send(to: writer) })
            response.fields.add("Content-Type", "text/event-stream")
            return response
        }
    }

    /// Nobody between may keep it, pack it or hold it back.
    private static var eventFields: HeaderLines {
        var fields = HeaderLines()
        fields.add("Cache-Control", "no-store, no-transform")
        fields.add("X-Accel-Buffering", "no")
        return fields
    }

    private static func eventID(_ text: String?, _ name: String) throws(Failure) -> Int64? {
        guard let text else { return nil }
        guard text.utf8.count <= 18, text.utf8.allSatisfy({ (48...57).contains($0) }), let id = Int64(text) else {
            let detail = "expected the id of an event, a whole number"
            throw Failure(.invalidInput, "\(name): \(detail)", errors: [Failures.detail(name, detail, in: .query)])
        }
        return id
    }
}
