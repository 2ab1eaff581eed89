internal import Bytes
internal import EventLoop
internal import HTTP
internal import Ingest
internal import Series
internal import Store

/// Ingestions: jobs that carry out a plan.
extension Service {
    func makeIngestion(_ request: Request) async -> Response {
        await answering(request, input: .body) { request in
            try self.takeNothing(request)
            let body = try BodyInput.object(request)
            return try await self.once(request) { key in try await self.filed(body, request, key) }
        }
    }

    private func filed(_ body: JSONValue, _ request: Request, _ key: RequestKey?) async throws -> Response {
        let requester = Planning.Requester(
            request.client ?? "api", traceID: request.traceParent?.traceID, requestID: request.id)
        let keeping = key.map { Keeping($0, answer: Service.accepted) }
        let filed: Store.Filed
        if let plan = body["plan_id"] {
            filed = try await planning.ingest(planID: try Service.planID(plan, in: body), for: requester, keeping: keeping)
        } else {
            let (selection, question) = try asked(body)
            if selection.dryRun { return try await planned(selection, key, whatIf: question) }
            if question != nil { throw InputError("what_if", "is for plans and dry runs alone") }
            filed = try await planning.ingest(selection, for: requester, keeping: keeping)
        }
        if filed.isNew { nudgeWorker() }
        if let seconds = Preference.wait(request.header("Prefer")), patience.enter() {
            defer { patience.leave() }
            var response = Service.shown(Service.accepted(try await ended(filed.id, by: .after(.seconds(seconds)))))
            response.fields.add("Preference-Applied", "wait=\(seconds)")
            return response
        }
        if let answer = filed.answer { return Service.shown(answer) }
        return Service.shown(Service.accepted(try await job(filed.id)))
    }

    /// The job once it has ended, or as it is when the time is up or the service stops. Looked at now and then, with no
    /// connection held between.
    func ended(_ id: String, by deadline: Deadline) async throws -> StoredIngestion {
        var job = try await job(id)
        var pause = 50
        while !job.status.isOver, Deadline.now < deadline {
            guard await patience.pause(until: min(deadline, .after(.milliseconds(pause)))) else { break }
            pause = min(pause * 2, 1000)
            // Where the store is away for a moment, what was seen last is as good an answer as any.
            job = (try? await self.job(id)) ?? job
        }
        return job
    }

    private func job(_ id: String) async throws -> StoredIngestion {
        guard let job = try await planning.ingestion(id: id) else {
            throw Failure(.ingestionUnknown, "The ingestion is gone already.")
        }
        return job
    }

    /// What a request for an ingestion is answered with.
    static func accepted(_ job: StoredIngestion) -> KeptAnswer {
        var json = JSONWriter(capacity: 1024)
        // Just filed: nothing of it has been reckoned yet.
        IngestionText.write(job, to: &json)
        return KeptAnswer(status: 202, location: "/v1/ingestions/\(job.id)", body: json.bytes)
    }

    private static func planID(_ value: JSONValue, in body: JSONValue) throws(Failure) -> String {
        for (name, _) in body.object ?? [] where name != "plan_id" {
            let detail = "is not taken beside plan_id: the plan has its selection"
            throw Failure(.invalidInput, "\(name): \(detail)", errors: [Failures.detail(name, detail, in: .body)])
        }
        guard let id = value.string else {
            let detail = "expected the id of a plan, a string"
            throw Failure(.invalidInput, "plan_id: \(detail)", errors: [Failures.detail("plan_id", detail, in: .body)])
        }
        return id
    }

    func listIngestions(_ request: Request) async -> Response {
        await answering(request) { request in
            var query = QueryInput(request, known: ["dataset", "status", "limit", "cursor"])
            let name = query.text("dataset")
            let status = query.choice("status", of: IngestionStatus.allCases.map(\.rawValue))
            let limit = query.int("limit", in: Paging.limits, otherwise: Paging.otherwise)
            let cursor = query.text("cursor")
            try query.end()
            _ = try Form.wanted(nil, request, offered: [.json])
            if let name { _ = try SelectionJSON.dataset(name, among: self.datasets) }
            let after = try Paging.place(cursor, in: "ingestions")
            // One more than is shown says whether there is a next page.
            let jobs = try await self.planning.store.ingestions(dataset: name, status: status, after: after, limit: limit + 1)
            let shown = try await self.planning.store.scored(Array(jobs.prefix(limit)), of: self.datasets)
            let next = jobs.count > limit ? shown.last.map { Paging.cursor("ingestions", after: $0.id) } : nil
            let estimates = try await self.estimates(of: shown)
            return Paging.response(request, next: next) { json in
                for job in shown { IngestionText.write(job, estimate: estimates[job.id], to: &json) }
            }
        }
    }

    func oneIngestion(_ request: Request) async -> Response {
        await answering(request) { request in
            try self.takeNothing(request)
            let job = try await self.ingestion(of: request)
            var json = JSONWriter(capacity: 1024)
            IngestionText.write(job, estimate: try await self.estimates(of: [job])[job.id], to: &json)
            return Service.uncached(json)
        }
    }

    func ingestionTasks(_ request: Request) async -> Response {
        await answering(request) { request in
            var query = QueryInput(request, known: ["limit", "cursor"])
            let limit = query.int("limit", in: Paging.limits, otherwise: Paging.otherwise)
            let cursor = query.text("cursor")
            try query.end()
            _ = try Form.wanted(nil, request, offered: [.json])
            // A place is the first ordinal of its page; the store counts from behind the last one.
            let from = try Paging.ordinal(cursor, in: "tasks")
            let job = try await self.ingestion(of: request)
            let tasks = try await self.planning.store.tasks(of: job.id, after: from - 1, limit: limit + 1)
            let shown = tasks.prefix(limit)
            let dataset = try SelectionJSON.dataset(job.dataset, among: self.datasets)
            let text = try await CallText.of(dataset, shown.map(\.call), store: self.planning.store)
            let next = tasks.count > limit ? shown.last.map { Paging.cursor("tasks", after: "\($0.ordinal + 1)") } : nil
            return Paging.response(request, next: next) { json in
                for task in shown { IngestionText.write(task, text, to: &json) }
            }
        }
    }

    private func ingestion(of request: Request) async throws -> StoredIngestion {
        guard let job = try await planning.ingestion(id: request.parameter("id") ?? "") else { throw Service.ingestionUnknown }
        return job
    }

    static let ingestionUnknown = Failure(.ingestionUnknown, "There is no ingestion of this id.")

    /// Of those that are worked or will be, the first ones of a page: each takes a reckoning of its own.
    private func estimates(of jobs: [StoredIngestion]) async throws -> [String: IngestionText.Estimate] {
        var outlooks: [String: Outlook] = [:]
        var estimates: [String: IngestionText.Estimate] = [:]
        for job in jobs.filter({ $0.status == .pending || $0.status == .running }).prefix(Self.estimatesMax) {
            guard let dataset = datasets.first(where: { $0.name == job.dataset }) else { continue }
            let outlook: Outlook
            if let known = outlooks[job.dataset] { outlook = known } else { outlook = try await planning.outlook(of: dataset) }
            outlooks[job.dataset] = outlook
            estimates[job.id] = outlook.forecast(of: job.id).map { IngestionText.Estimate($0, planning.clock) }
        }
        return estimates
    }

    private static let estimatesMax = 10
}
