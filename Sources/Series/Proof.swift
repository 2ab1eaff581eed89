/// Why no plan of these shapes costs less: missing slots that each carry a share of the price, so that no call could fill slots that carry
/// more together than it costs. What they carry in all is then the least that any plan costs. (Covering and packing are dual; where every
/// call costs one request it is so many missing slots, no two of which one call could fill.)
package struct Proof: Sendable, Hashable {
    /// A period in which a series lacks something, and what it carries.
    package struct Hole: Sendable, Hashable {
        package let series: SeriesKey
        package let period: Int
        package let requests: Int

        package init(series: SeriesKey, period: Int, requests: Int) {
            self.series = series
            self.period = period
            self.requests = requests
        }
    }

    /// In the order of time, then of series.
    package let holes: [Hole]

    package init(_ holes: [Hole]) { self.holes = holes.sorted { ($0.period, $0.series) < ($1.period, $1.series) } }

    package var requests: Int { holes.reduce(0) { $0 + $1.requests } }

    /// Whether each carries one request: then no two of them can be filled by one call.
    package var isOfSingles: Bool { holes.allSatisfy { $0.requests == 1 } }
}

/// The same by the place of a series among the needs that are planned for.
struct ProofShare: Hashable {
    let need: Int
    let period: Int
    let price: Int
}

extension Component {
    /// Parts what flows between clusters and stretches among their series and periods, so that no series and no period gives more than it
    /// has: each is used up before the next one is begun.
    func shares(of flows: [VertexCover.Flow], windowPrice: Int) -> [ProofShare] {
        var series = clusters.map { _ in (at: 0, left: windowPrice) }
        var periods = stretches.map { (at: $0.periods.lowerBound, left: $0.price) }
        var shares: [ProofShare] = []
        for flow in flows {
            var amount = flow.amount
            while amount > 0 {
                if series[flow.left].left == 0 { series[flow.left] = (series[flow.left].at + 1, windowPrice) }
                if periods[flow.right].left == 0 { periods[flow.right] = (periods[flow.right].at + 1, stretches[flow.right].price) }
                let price = min(amount, series[flow.left].left, periods[flow.right].left)
                shares.append(
                    ProofShare(need: clusters[flow.left].members[series[flow.left].at], period: periods[flow.right].at, price: price))
                series[flow.left].left -= price
                periods[flow.right].left -= price
                amount -= price
            }
        }
        return shares
    }
}
