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
        func instant(_ name: String, _ at: Int64?, _ json: inout JSONWriter) {
            json.member(name, instant: at, offset: at.map { datasets[0].zone.offset(at: $0) } ?? 0)
        }
        let all = state
        // Where scopes are counted apart the figures are those of the one that is worst off.
        let state = all.worst
        json.beginObject()
        json.member("upstream", all.upstream)
        json.member("per", datasets.compactMap(\.paceWord).first)
        json.member("capacity", state.quota)
        json.member("window", ISODuration.text(Int64(state.windowSeconds)))
        json.key("refill")
        json.double(Double(state.quota) / Double(state.windowSeconds))
        writeUse(of: state, datasets[0].zone, now: now, &json)
        json.member("scopes") { json in
            json.member("in_use", all.scopes.count)
            json.member("resting", all.scopes.count { $0.restingSeconds > 0 })
            json.key("busiest")
            json.beginArray()
            for one in all.busiest.prefix(Self.scopesShown) {
                json.beginObject()
                json.member("scope", one.scope)
                writeUse(of: one, datasets[0].zone, now: now, &json)
                json.endObject()
            }
            json.endArray()
        }
        json.key("tokens")
        if let tokens = all.tokens { write(tokens, of: datasets.flatMap(\.shapes), datasets[0].zone, &json) } else { json.null() }
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

    private func write(_ facts: TokenFacts, of shapes: [CallShape], _ zone: Zone, _ json: inout JSONWriter) {
        json.beginObject()
        for (name, value) in [
            ("capacity", facts.capacity), ("left", facts.balance), ("reserved", facts.reserved), ("floor", facts.floor),
            ("refill_per_minute", facts.refillPerMinute), ("spent", facts.spent),
        ] {
            json.key(name)
            json.double(value)
        }
        let next = Int64(facts.ledger.nextStep.rounded(.up))
        json.member("next_at", instant: next, offset: zone.offset(at: next))
        json.key("lowest")
        if let lowest = facts.ledger.lowest { json.double(lowest) } else { json.null() }
        let heard = facts.ledger.heardAt.map { Int64($0) }
        json.member("heard_at", instant: heard, offset: heard.map { zone.offset(at: $0) } ?? 0)
        json.key("prices")
        json.beginArray()
        for shape in shapes {
            guard let price = facts.prices[shape.priceKey] else { continue }
            json.beginObject()
            json.member("shape", shape.name)
            json.key("mean")
            json.double(price.mean)
            json.key("high")
            json.double(price.high)
            json.member("samples", price.samples)
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }

    /// An upstream may count thousands of them apart.
    private static let scopesShown = 20

    private func writeUse(of state: Store.BudgetState, _ zone: Zone, now: Double, _ json: inout JSONWriter) {
        let reserved = state.reserved(now: now)
        json.member("left", state.left)
        json.member("reserved", reserved)
        json.member("spent", state.counted - reserved)
        let next = Int64(state.nextAt(now: now, clock: planning.clock).rounded(.up))
        json.member("next_at", instant: next, offset: zone.offset(at: next))
        let rest = state.restingSeconds > 0 ? Int64((now + planning.clock.shownSeconds(state.restingSeconds)).rounded(.up)) : nil
        json.member("resting_until", instant: rest, offset: rest.map { zone.offset(at: $0) } ?? 0)
    }
}
