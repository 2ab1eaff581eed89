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
            let body = try BodyInput.object(request)
            return try await self.once(request) { key in
                let (selection, question) = try self.asked(body)
                return try await self.planned(selection, key, whatIf: question)
            }
        }
    }

    /// A selection, and what is to be supposed beside it.
    func asked(_ body: JSONValue) throws -> (Selection, WhatIf?) {
        let rest = JSONValue.object((body.object ?? []).filter { $0.0 != "what_if" })
        let selection = try SelectionJSON.read(body.object == nil ? body : rest, datasets: datasets)
        guard let question = body["what_if"], !question.isNull else { return (selection, nil) }
        let dataset = try SelectionJSON.dataset(selection.dataset, among: datasets)
        do throws(InputError) { return (selection, try WhatIf(question, of: dataset)) } catch {
            let pointer = "/" + error.field.split(separator: ".").joined(separator: "/")
            throw Failure(
                .invalidInput, error.description, errors: [Problem.Detail(.pointer(pointer), error.detail)])
        }
    }

    /// Makes a plan and shows it; also what a dry run of an ingestion does.
    func planned(_ asked: Selection, _ key: RequestKey?, whatIf: WhatIf? = nil) async throws -> Response {
        var selection = asked
        // The plan is the same, and may be carried out.
        selection.dryRun = false
        let draft = try await planning.draft(selection)
        var supposed: WhatIfAnswer?
        if let whatIf { supposed = try await planning.answer(whatIf, to: draft) }
        let told = supposed
        // Before anything is kept: the answer is kept in one transaction with the plan, and a transaction holds a connection.
        let calls = try await CallText.of(draft.dataset, Array(draft.calls.prefix(PlanText.callsShown)), store: planning.store)
        func answer(_ plan: MadePlan) -> KeptAnswer {
            KeptAnswer(
                status: 200, contentLocation: "/v1/plans/\(plan.id)",
                body: PlanText(plan, of: draft.dataset, whatIf: told).write(calls).bytes)
        }
        return Service.shown(answer(try await planning.keep(draft, keeping: key.map { Keeping($0, answer: answer) })))
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
