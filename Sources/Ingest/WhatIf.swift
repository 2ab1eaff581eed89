package import Bytes
package import Series
internal import Store

/// A question about a plan: what if the upstream let through more or less, if there were other numbers of products, or if they were to be
/// looked at more or less often. Nothing is changed by it.
package struct WhatIf: Sendable, Hashable {
    /// What the upstream lets through: requests, or tokens where it counts these.
    package var budget: RequestRate?
    package var products: Int?
    /// Seconds between two looks, by the value of the series' last key (`current`).
    package var refresh: [String: Int]?

    package init() {}

    package static let productsMax = 10_000_000

    /// Reads `{"budget": "25/PT1M", "products": 10000, "refresh": {"current": "PT24H", "history": "P30D"}}`.
    package init(_ value: JSONValue, of dataset: Dataset) throws(InputError) {
        guard let members = value.object else { throw InputError("what_if", "expected an object") }
        for (name, value) in members {
            let field = "what_if.\(name)"
            switch name {
            case "budget":
                guard let text = value.string else { throw InputError(field, "expected a string such as 25/PT1M") }
                do throws(RequestRate.Refusal) { budget = try RequestRate(parsing: text) } catch {
                    throw InputError(field, error.description)
                }
            case "products", "refresh":
                guard dataset.asksForNow else { throw InputError(field, "is for datasets that are refreshed by periods, such as keepa") }
                if name == "products" {
                    guard let count = value.int, (1...Int64(Self.productsMax)).contains(count) else {
                        throw InputError(field, "expected a whole number from 1 to \(Self.productsMax)")
                    }
                    products = Int(count)
                } else {
                    refresh = try Self.periods(value, dataset)
                }
            default: throw InputError(field, "is not known here: budget, products, refresh")
            }
        }
    }

    private static func periods(_ value: JSONValue, _ dataset: Dataset) throws(InputError) -> [String: Int] {
        let known = dataset.keys.last.map(dataset.values) ?? []
        guard let members = value.object, !members.isEmpty else {
            throw InputError("what_if.refresh", "expected an object of durations by \(known.joined(separator: ", "))")
        }
        var periods: [String: Int] = [:]
        for (name, value) in members {
            let field = "what_if.refresh.\(name)"
            guard known.contains(name) else { throw InputError(field, "is not known here: \(known.joined(separator: ", "))") }
            guard let text = value.string, let seconds = try? ISODuration.parse(text), (3600...315_360_000).contains(seconds) else {
                throw InputError(field, "expected an ISO 8601 duration from PT1H to P3650D, such as PT24H")
            }
            periods[name] = Int(seconds)
        }
        return periods
    }
}

/// What would be then.
package struct WhatIfAnswer: Sendable {
    /// `requests` or `tokens`.
    package let unit: String
    package let budget: RequestRate
    /// Of datasets that are refreshed by periods.
    package let products: Int?
    /// Of these, how many the budget would keep.
    package let productsKept: Int?
    package let sustainability: Sustainability
    /// Of the plan's calls, and of first calls for products that are not there yet; nil where there are none.
    package let completeAt: Int64?
    package let completeAtP90: Int64?
}

extension Planning {
    /// What would be of a draft's calls and of the days after them.
    package func answer(_ question: WhatIf, to draft: Draft) async throws -> WhatIfAnswer {
        let dataset = draft.dataset
        var outlook = try await outlook(of: dataset)
        if let budget = question.budget { outlook = outlook.with(budget, now: clock.exactNow) }
        var steady = try await store.steadyDemand(on: dataset.upstream.name, of: datasets, now: clock.now)
        var work = draft.requestsByScope
        var (products, kept): (Int?, Int?) = (nil, nil)
        if var refresh = steady.refresh {
            let first = refresh.groups.map(\.price).max() ?? 1
            let facts = try await store.tokenFacts(upstream: dataset.upstream.name, now: clock.exactNow)
            let supposed = question.products ?? refresh.subjects
            work["", default: 0] += Int((Double(max(0, supposed - refresh.subjects)) * first).rounded(.up))
            refresh = dataset.refreshDemand(subjects: supposed, prices: facts?.means ?? [:], periods: question.refresh ?? [:]) ?? refresh
            steady.refresh = refresh
            products = refresh.subjects
            kept = outlook.tokensPerMinute.map(refresh.held)
        }
        let forecast = work.values.contains { $0 > 0 } ? outlook.forecast(of: work, in: .repair) : nil
        return WhatIfAnswer(
            unit: dataset.upstream.tokens == nil ? "requests" : "tokens", budget: outlook.rate, products: products, productsKept: kept,
            sustainability: outlook.sustainability(of: steady), completeAt: forecast?.p50, completeAtP90: forecast?.p90)
    }
}
