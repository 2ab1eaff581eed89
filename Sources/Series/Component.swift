/// Needs that calls can join, apart from all others: no call helps two components.
struct Component {
    /// Periods that so many series need alike, so close together that windows may join them.
    struct Cluster {
        var need: SlotSet
        /// Places of their needs.
        var members: [Int]
        var series: Int { members.count }

        /// From the first period to the last.
        var span: Int { (need.last ?? 0) - (need.first ?? 0) + 1 }
    }

    /// A run of periods that the same clusters hold.
    struct Part {
        var periods: Range<Int>
        /// What it costs to sweep one of them.
        var price: Int
        var members: [Int]
    }

    private(set) var clusters: [Cluster] = []
    private(set) var stretches: [Part] = []

    var needed: SlotSet { SlotSet(ranges: stretches.map(\.periods)) }

    /// The price where `swept` is swept and the rest is covered by windows.
    func price(sweeping swept: SlotSet, _ windows: WindowCover) -> Int {
        let sweeps = stretches.reduce(0) { $0 + swept.count(in: $1.periods) * $1.price }
        return clusters.reduce(sweeps) { $0 + windows.price(of: $1.need.subtracting(swept)) * $1.series }
    }

    /// Parts needs into components. `reach` is the length of the longest window.
    static func all(of needs: [SlotSet], reach: Int, periods: PeriodCover) -> [Component] {
        let clusters = merged(merged(needs.enumerated().map { Cluster(need: $1, members: [$0]) }).flatMap { split($0, reach: reach) })
        let stretches = Stretch.all(of: clusters.map(\.need))
        var forest = Forest(count: clusters.count)
        for stretch in stretches {
            for member in stretch.members.dropFirst() { forest.join(stretch.members[0], member) }
        }
        var components: [Component] = []
        var place: [Int: Int] = [:]
        var placeInside = [Int](repeating: 0, count: clusters.count)
        for (index, cluster) in clusters.enumerated() {
            let root = forest.root(of: index)
            let at = place[root] ?? components.count
            if at == components.count { components.append(Component()) }
            place[root] = at
            placeInside[index] = components[at].clusters.count
            components[at].clusters.append(cluster)
        }
        for stretch in stretches {
            guard let at = place[forest.root(of: stretch.members[0])] else { continue }
            let series = stretch.members.reduce(0) { $0 + clusters[$1].series }
            let price = periods.cheapest(series: series)?.price ?? .max
            components[at].stretches.append(
                Part(periods: stretch.periods, price: price, members: stretch.members.map { placeInside[$0] }))
        }
        return components
    }

    /// Equal needs become one cluster of more series.
    private static func merged(_ clusters: [Cluster]) -> [Cluster] {
        var result: [Cluster] = []
        var place: [SlotSet: Int] = [:]
        for cluster in clusters where !cluster.need.isEmpty {
            if let at = place[cluster.need] {
                result[at].members += cluster.members
            } else {
                place[cluster.need] = result.count
                result.append(cluster)
            }
        }
        return result
    }

    /// Cuts where no window reaches from one period to the next.
    private static func split(_ cluster: Cluster, reach: Int) -> [Cluster] {
        var groups: [[Range<Int>]] = []
        for range in cluster.need.ranges {
            if let last = groups.last?.last, range.lowerBound - (last.upperBound - 1) < reach {
                groups[groups.count - 1].append(range)
            } else {
                groups.append([range])
            }
        }
        return groups.map { Cluster(need: SlotSet(ranges: $0), members: cluster.members) }
    }
}

/// Disjoint sets that can be joined (union-find with path halving).
private struct Forest {
    private var parent: [Int]

    init(count: Int) { parent = Array(0..<count) }

    mutating func root(of node: Int) -> Int {
        var node = node
        while parent[node] != node {
            parent[node] = parent[parent[node]]
            node = parent[node]
        }
        return node
    }

    mutating func join(_ a: Int, _ b: Int) {
        let (a, b) = (root(of: a), root(of: b))
        parent[max(a, b)] = min(a, b)
    }
}
