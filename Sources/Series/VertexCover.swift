/// The cheapest choice of windows and swept periods where one window fills all that a series needs: a weighted vertex cover of a
/// bipartite graph, which is a minimum cut (Kőnig's theorem; the flow is Dinic's algorithm). The flow is also the proof: no cover
/// costs less than what flows.
struct VertexCover {
    /// Lefts (series) that the cover takes; the rest is covered from the right.
    private(set) var takesLeft: [Bool]
    private(set) var takesRight: [Bool]
    /// The price of the cover, and the least of any.
    private(set) var price: Int
    /// What flows between a left and a right; it adds up to the price.
    private(set) var flows: [Flow]

    struct Flow {
        let left: Int
        let right: Int
        let amount: Int
    }

    /// - Parameters:
    ///   - left: price of each series' window.
    ///   - right: price of each period's sweep, with the lefts that need it.
    init(left: [Int], right: [(price: Int, lefts: [Int])]) {
        var network = Network(nodes: left.count + right.count + 2)
        let source = left.count + right.count
        let sink = source + 1
        for (index, price) in left.enumerated() { network.connect(source, index, capacity: price) }
        var between: [(left: Int, right: Int, edge: Int)] = []
        for (index, node) in right.enumerated() {
            for member in node.lefts {
                between.append((member, index, network.connect(member, left.count + index, capacity: .max)))
            }
            network.connect(left.count + index, sink, capacity: node.price)
        }
        price = network.flow(from: source, to: sink)
        let reached = network.levels(from: source)
        takesLeft = left.indices.map { reached[$0] < 0 }
        takesRight = right.indices.map { reached[left.count + $0] >= 0 }
        flows = between.compactMap { left, right, edge in
            let amount = network.flow(along: edge)
            return amount == 0 ? nil : Flow(left: left, right: right, amount: amount)
        }
    }
}

/// A flow network: edges in pairs, each beside its reverse.
private struct Network {
    private var edgesOf: [[Int]]
    private var head: [Int] = []
    private var room: [Int] = []

    init(nodes: Int) { edgesOf = Array(repeating: [], count: nodes) }

    /// The edge's number.
    @discardableResult
    mutating func connect(_ from: Int, _ to: Int, capacity: Int) -> Int {
        edgesOf[from].append(head.count)
        head.append(to)
        room.append(capacity)
        edgesOf[to].append(head.count)
        head.append(from)
        room.append(0)
        return head.count - 2
    }

    /// What flows along an edge: so much could be sent back.
    func flow(along edge: Int) -> Int { room[edge ^ 1] }

    /// Distance from a node along edges with room, -1 where there is no way.
    func levels(from source: Int) -> [Int] {
        var level = [Int](repeating: -1, count: edgesOf.count)
        level[source] = 0
        var queue = [source]
        var next = 0
        while next < queue.count {
            let node = queue[next]
            next += 1
            for edge in edgesOf[node] where room[edge] > 0 && level[head[edge]] < 0 {
                level[head[edge]] = level[node] + 1
                queue.append(head[edge])
            }
        }
        return level
    }

    mutating func flow(from source: Int, to sink: Int) -> Int {
        var total = 0
        while true {
            let level = levels(from: source)
            if level[sink] < 0 { return total }
            total += blockingFlow(level, source, sink)
        }
    }

    /// Walks down the levels with a stack of edges, not by recursion: a way may be thousands of edges long.
    private mutating func blockingFlow(_ level: [Int], _ source: Int, _ sink: Int) -> Int {
        var total = 0
        var tried = [Int](repeating: 0, count: edgesOf.count)
        var way: [Int] = []
        var node = source
        while true {
            if node == sink {
                let amount = way.reduce(Int.max) { min($0, room[$1]) }
                for edge in way {
                    if room[edge] != .max { room[edge] -= amount }
                    if room[edge ^ 1] != .max { room[edge ^ 1] += amount }
                }
                total += amount
                way.removeAll(keepingCapacity: true)
                node = source
            } else if tried[node] < edgesOf[node].count {
                let edge = edgesOf[node][tried[node]]
                if room[edge] > 0, level[head[edge]] == level[node] + 1 {
                    way.append(edge)
                    node = head[edge]
                } else {
                    tried[node] += 1
                }
            } else {
                guard let edge = way.popLast() else { return total }
                node = head[edge ^ 1]
                tried[node] += 1
            }
        }
    }
}
