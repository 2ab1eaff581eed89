/// Covers one period for so many series by batches or by a sweep. Periods do not touch each other here, so the cheapest choice for
/// each is the cheapest plan.
struct PeriodCover {
    enum Way: Hashable {
        case sweep(CallShape)
        case batches(CallShape, size: Int)
    }

    private let ways: [(way: Way, shape: CallShape)]
    private let unit: PriceUnit

    init(shapes: [CallShape], unit: PriceUnit) {
        self.unit = unit
        ways = shapes.compactMap { shape in
            switch shape.kind {
            case .window, .newest, .tape, .file, .inference, .snapshot: nil
            case .sweep: (.sweep(shape), shape)
            case .batch(let size): (.batches(shape, size: size), shape)
            }
        }
    }

    var isEmpty: Bool { ways.isEmpty }

    /// Whether a period costs the same however many series want it.
    var isFlat: Bool { ways.allSatisfy { $0.shape.kind == .sweep } }

    /// The size of the largest batch, 1 where there is none.
    var largestBatch: Int { ways.map { if case .batches(_, let size) = $0.way { size } else { 1 } }.max() ?? 1 }

    var sweepPrice: Int? {
        ways.compactMap { if case .sweep = $0.way { price($0.way, series: 1) } else { nil } }.min()
    }

    /// The least that a batch costs for each series in it, times `scale` and rounded down; nil where there are no batches.
    func batchShare(scale: Int) -> Int? {
        ways.compactMap { entry in
            guard case .batches(let shape, let size) = entry.way else { return nil }
            let perCall = unit.price(shape.fixed + shape.perPeriod)
            return perCall * scale / size + unit.price(shape.perSeries) * scale
        }.min()
    }

    /// The cheapest way to serve `series` series, the first named where two cost the same.
    func cheapest(series: Int) -> (way: Way, price: Int)? {
        ways.map { ($0.way, price($0.way, series: series)) }.min { $0.1 < $1.1 }.map { (way: $0.0, price: $0.1) }
    }

    /// No mix of ways costs less. With one batch shape that is the cheapest way's price; with several, batches of different shapes
    /// might share a period, so only the price a series counts.
    func leastPrice(series: Int) -> Int {
        let batchShapes = ways.filter { $0.shape.kind != .sweep }.count
        guard batchShapes > 1, let share = batchShare(scale: 1_000_000) else { return cheapest(series: series)?.price ?? 0 }
        return min((share * series + 999_999) / 1_000_000, sweepPrice ?? .max)
    }

    /// Where nothing but sweeps serves: of each period one series.
    func proof(of stretches: [Stretch]) -> [ProofShare]? {
        guard isFlat, let price = sweepPrice else { return nil }
        return stretches.flatMap { stretch in stretch.periods.map { ProofShare(need: stretch.members[0], period: $0, price: price) } }
    }

    private func price(_ way: Way, series: Int) -> Int {
        switch way {
        case .sweep(let shape): unit.price(shape.cost(periods: 1, series: series))
        case .batches(let shape, let size):
            unit.price((shape.fixed + shape.perPeriod) * ((series + size - 1) / size) + shape.perSeries * series)
        }
    }
}

/// What the planner spends as little of as it can: tokens where the upstream counts them, else requests.
enum PriceUnit: Hashable {
    case requests, tokens

    func price(_ cost: Cost) -> Int {
        switch self {
        case .requests: cost.requests
        case .tokens: cost.tokens
        }
    }
}
