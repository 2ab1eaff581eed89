internal import Bytes
internal import HTTP
internal import Ingest
internal import Series
internal import Store

/// What each upstream lets through, and whether that holds what is asked of it.
extension Service {
    func listBudgets(_ request: Request) async -> Response {
        await answering(request) { request in
            try self.takeNothing(request)
            let clock = self.planning.clock
            let now = clock.exactNow
            var json = JSONWriter(capacity: 1024)
            json.beginObject()
            json.key("data")
            json.beginArray()
            for state in try await self.planning.store.budgetStates(now: now) {
                let datasets = self.datasets.filter { $0.upstream.name == state.upstream }
                guard let first = datasets.first else { continue }
                let outlook = try await self.planning.outlook(of: first)
                let steady = try await self.planning.store.steadyDemand(on: state.upstream, of: datasets, now: Int64(now))
                self.write(state, outlook, outlook.sustainability(of: steady), datasets, now: now, &json)
            }
            json.endArray()
            json.key("next_cursor")
            json.null()
            json.endObject()
            return Service.uncached(json)
        }
    }

    private func write(
        _ state: Store.BudgetState, _ outlook: Outlook, _ steady: Sustainability, _ datasets: [Dataset], now: Double,
        _ json: inout JSONWriter
    ) {
        let clock = planning.clock
        func instant(_ name: String, _ at: Int64?, _ json: inout JSONWriter) {
            json.member(name, instant: at, offset: at.map { datasets[0].zone.offset(at: $0) } ?? 0)
        }
        json.beginObject()
        json.member("upstream", state.upstream)
        json.member("capacity", state.quota)
        json.member("window", ISODuration.text(Int64(state.windowSeconds)))
        json.member("left", max(0, state.quota - state.counted))
        json.member("reserved", state.reserved(now: now))
        json.member("spent", state.counted - state.reserved(now: now))
        json.key("refill")
        json.double(Double(state.quota) / Double(state.windowSeconds))
        instant("next_at", Int64(state.nextAt(now: now, clock: clock).rounded(.up)), &json)
        let rest = state.restingSeconds > 0 ? Int64((now + clock.shownSeconds(state.restingSeconds)).rounded(.up)) : nil
        instant("resting_until", rest, &json)
        json.member("forecast") { json in
            json.key("requests_per_day")
            json.double(steady.requestsPerDay.rounded(.up))
            json.key("sustainable")
            json.bool(steady.isSustainable)
            json.member("would_need", steady.wouldNeed)
            let all = outlook.forecastOfAll
            instant("complete_at_p50", all?.p50, &json)
            instant("complete_at_p90", all?.p90, &json)
        }
        json.endObject()
    }
}
