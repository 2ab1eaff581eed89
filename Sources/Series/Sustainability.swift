/// What a dataset's schedules need day after day, nothing having gone wrong: requests as plans count them.
package struct SteadyDemand: Sendable, Hashable {
    package let requestsPerDay: Double
    /// Of the scope that needs most, where each has a budget of its own (`UpstreamProfile.pacedByChannel`); else all of them.
    package let requestsOfBusiest: Double
    /// Where subjects are kept as they are now: what that takes, in tokens.
    package var refresh: RefreshDemand?

    package init(requestsPerDay: Double, ofBusiest busiest: Double? = nil) {
        self.requestsPerDay = requestsPerDay
        requestsOfBusiest = busiest ?? requestsPerDay
    }

    /// By scope.
    package init(_ scopes: [String: Double]) {
        self.init(requestsPerDay: scopes.values.reduce(0, +), ofBusiest: scopes.values.max() ?? 0)
    }
}

/// Whether a budget can hold what is asked of it day after day, and which change would make it so.
package struct Sustainability: Sendable, Hashable {
    /// With the retries that requests have needed of late. Of an upstream that counts tokens these are tokens, here and below.
    package let requestsPerDay: Double
    /// What the quota lets through, of one scope where each has its own.
    package let capacityPerDay: Double
    /// What is lacking of it, of the scope that lacks most where each has its own; 0 where nothing is.
    package let shortPerDay: Double
    package let isSustainable: Bool
    /// One sentence with figures; nil where nothing need change.
    package let wouldNeed: String?
}

extension Forecast {
    /// Whether the quota holds what the schedules need.
    ///
    /// - Parameters:
    ///   - demand: of all datasets that share the budget, together.
    ///   - retryFactor: requests spent for each that was planned, of late; 1 where nothing is known.
    package static func sustainability(of demand: SteadyDemand, rate: RequestRate, retryFactor: Double = 1) -> Sustainability {
        let all = max(0, demand.requestsPerDay) * max(1, retryFactor)
        let needed = max(0, demand.requestsOfBusiest) * max(1, retryFactor)
        let capacity = rate.perSecond * 86_400
        if needed <= capacity {
            return Sustainability(
                requestsPerDay: all, capacityPerDay: capacity, shortPerDay: 0, isSustainable: true, wouldNeed: nil)
        }
        let quota = Int((needed / 86_400 * Double(rate.seconds)).rounded(.up))
        let share = max(1, Int((capacity / needed * 100).rounded(.down)))
        // A period of a day takes so many days.
        let days = (needed / capacity * 10).rounded(.up) / 10
        let text = "a quota of \(quota)/PT\(rate.seconds)S instead of \(rate.count), or \(share) % of the requests "
            + "(fewer series or sources, or fewer days asked again), or schedules \(tenths(days)) times as far apart: "
            + "\(Int(needed.rounded(.up))) requests a day are needed and \(Int(capacity)) may be sent"
        return Sustainability(
            requestsPerDay: all, capacityPerDay: capacity, shortPerDay: needed - capacity, isSustainable: false, wouldNeed: text)
    }

    private static func tenths(_ number: Double) -> String {
        let tenths = Int((number * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
}
