internal import Bytes
package import Series

/// What typical days take, kept: it changes by the day, and with what was found of call shapes.
final class TypicalDays {
    private struct Known {
        let date: LocalDate
        let findings: ShapeFindings
        /// Requests by scope.
        let demand: [String: Double]
    }

    /// By dataset.
    private var known: [String: Known] = [:]

    func demand(of dataset: Dataset, now: Int64, findings: ShapeFindings) -> [String: Double] {
        let date = dataset.zone.day(at: now)
        if let known = known[dataset.name], known.date == date, known.findings == findings { return known.demand }
        let demand = SteadyDemand.typical(of: dataset, now: now, shapes: dataset.shapes(by: findings))
        known[dataset.name] = Known(date: date, findings: findings, demand: demand)
        return demand
    }
}

extension Store {
    /// What typical days take of an upstream's quota: of those of `datasets` that share it, together. `now` is of the shown clock.
    package func steadyDemand(on upstream: String, of datasets: [Dataset], now: Int64) async throws -> SteadyDemand {
        var requests: [String: Double] = [:]
        var refresh: RefreshDemand?
        for dataset in datasets where dataset.upstream.name == upstream {
            if dataset.asksForNow {
                refresh = try await refreshDemand(of: dataset, now: Double(now))
                requests["", default: 0] += refresh?.tokensPerDay ?? 0
                continue
            }
            let findings = try await shapeFindings(of: dataset.name)
            requests.merge(typicalDays.demand(of: dataset, now: now, findings: findings), uniquingKeysWith: +)
        }
        var demand = SteadyDemand(requests)
        demand.refresh = refresh
        return demand
    }
}
