internal import Bytes
internal import HTTP
internal import Ingest
internal import Series
internal import Store

/// Alarms: what is wrong, and what was.
extension Service {
    func listAlerts(_ request: Request) async -> Response {
        await answering(request) { request in
            var query = QueryInput(request, known: ["state", "kind", "dataset", "limit", "cursor"])
            let state = query.choice("state", of: Store.AlertState.allCases.map(\.rawValue))
            let kind = query.choice("kind", of: Alarm.Kind.allCases.map(\.rawValue))
            let dataset = query.choice("dataset", of: self.datasets.map(\.name))
            let limit = query.int("limit", in: Paging.limits, otherwise: Paging.otherwise)
            let cursor = query.text("cursor")
            try query.end()
            _ = try Form.wanted(nil, request, offered: [.json])
            let after = try Paging.place(cursor, in: "alerts")
            let found = try await self.planning.store.alerts(
                state: state.flatMap(Store.AlertState.init) ?? .open, kind: kind.flatMap(Alarm.Kind.init), dataset: dataset, after: after,
                limit: limit + 1)
            let shown = found.prefix(limit)
            let next = found.count > limit ? shown.last.map { Paging.cursor("alerts", after: $0.id) } : nil
            return Paging.response(request, next: next) { json in
                for alert in shown { alert.write(to: &json) }
            }
        }
    }

    func acknowledgeAlert(_ request: Request) async -> Response {
        await answering(request) { request in
            try self.takeNothing(request)
            let id = request.parameter("id") ?? ""
            guard let alert = try await self.planning.store.acknowledge(alert: id, by: request.asker) else {
                throw Failure(.alertUnknown, "There is no alert of this id.")
            }
            var json = JSONWriter(capacity: 1024)
            alert.write(to: &json)
            return Service.uncached(json)
        }
    }
}
