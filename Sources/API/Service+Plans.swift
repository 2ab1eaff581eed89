internal import Bytes
internal import HTTP
internal import Ingest
internal import Series
internal import Store

/// Plans: what would be done, and what it would cost.
extension Service {
    func makePlan(_ request: Request) async -> Response {
        await answering(request, input: .body) { request in
            try self.takeNothing(request)
            let selection = try SelectionJSON.read(try BodyInput.object(request), datasets: self.datasets)
            return try await self.planned(selection)
        }
    }

    /// Makes a plan and shows it; also what a dry run of an ingestion does.
    func planned(_ asked: Selection) async throws -> Response {
        var selection = asked
        // The plan is the same, and may be carried out.
        selection.dryRun = false
        let plan = try await planning.plan(selection)
        let dataset = try SelectionJSON.dataset(selection.dataset, among: datasets)
        let text = PlanText(plan, of: dataset)
        var response = Service.uncached(text.write(try await CallText.of(dataset, text.calls, store: planning.store)))
        response.fields.add("Content-Location", "/v1/plans/\(plan.id)")
        return response
    }

    func onePlan(_ request: Request) async -> Response {
        await answering(request) { request in
            try self.takeNothing(request)
            let plan = try await self.plan(of: request)
            let calls = try await self.planning.store.planCalls(id: plan.id, from: 0, limit: PlanText.callsShown)
            let dataset = try SelectionJSON.dataset(plan.dataset, among: self.datasets)
            let text = PlanText(plan, calls: calls)
            return Service.uncached(text.write(try await CallText.of(dataset, calls, store: self.planning.store)))
        }
    }

    func planCalls(_ request: Request) async -> Response {
        await answering(request) { request in
            var query = QueryInput(request, known: ["limit", "cursor"])
            let limit = query.int("limit", in: Paging.limits, otherwise: Paging.otherwise)
            let cursor = query.text("cursor")
            try query.end()
            _ = try Form.wanted(nil, request, offered: [.json])
            let from = try Paging.ordinal(cursor, in: PlanText.list)
            let plan = try await self.plan(of: request)
            let dataset = try SelectionJSON.dataset(plan.dataset, among: self.datasets)
            let calls = try await self.planning.store.planCalls(id: plan.id, from: from, limit: limit)
            let text = try await CallText.of(dataset, calls, store: self.planning.store)
            let end = from + calls.count
            let next = end < plan.callCount && !calls.isEmpty ? Paging.cursor(PlanText.list, after: "\(end)") : nil
            return Paging.response(request, next: next) { json in
                for call in calls {
                    json.beginObject()
                    text.write(call, to: &json)
                    json.endObject()
                }
            }
        }
    }

    private func plan(of request: Request) async throws -> StoredPlan {
        guard let plan = try await planning.store.plan(id: request.parameter("id") ?? "") else { throw PlanRefusal.unknown }
        if plan.isExpired { throw PlanRefusal.expired }
        return plan
    }
}
