/// Covers the needed periods of one series by windows, at the least price.
///
/// One shape at a flat price: the greedy cover is optimal (each window must begin at or before the first period that is not covered,
/// and beginning there reaches furthest). Several shapes, or a price that grows with the window: a shortest path over the needed
/// periods, with a queue of candidates a shape that keeps it linear.
struct WindowCover {
    struct Window: Hashable {
        /// The place of its shape among `shapes`.
        var shape: Int
        var periods: Range<Int>
    }

    /// What the cover has to know of a shape.
    struct Shape: Hashable {
        var length: Int
        var fixed: Int
        var perPeriod: Int
    }

    let shapes: [Shape]
    /// The one shape that does all that the others do, at no higher a price.
    private let best: Int?

    init(shapes: [Shape]) {
        self.shapes = shapes
        best = shapes.indices.first { index in
            let mine = shapes[index]
            return mine.perPeriod == 0 && shapes.allSatisfy { $0.length <= mine.length && $0.fixed >= mine.fixed }
        }
    }

    var longest: Int { shapes.map(\.length).max() ?? 0 }
    /// No window costs less, whatever it holds.
    var leastPrice: Int { shapes.map { $0.fixed + $0.perPeriod }.min() ?? 0 }
    /// The price of any window, where there is one price.
    var flatShape: Shape? { best.map { shapes[$0] } }

    func price(of window: Window) -> Int { shapes[window.shape].fixed + shapes[window.shape].perPeriod * window.periods.count }

    func price(of needed: SlotSet) -> Int {
        if let best { return greedy(needed, shapes[best].length) { _ in } * shapes[best].fixed }
        return cover(needed).reduce(0) { $0 + price(of: $1) }
    }

    /// Where there is one price: the first period of each window. No window holds two of them, for each was begun where the last one had
    /// ended.
    func proof(of needs: [SlotSet]) -> [ProofShare]? {
        guard let flat = flatShape else { return nil }
        return needs.enumerated().flatMap { place, need in
            cover(need).map { ProofShare(need: place, period: $0.periods.lowerBound, price: flat.fixed) }
        }
    }

    func cover(_ needed: SlotSet) -> [Window] {
        guard let best else { return shortestPath(needed.ranges.flatMap { Array($0) }) }
        var windows: [Window] = []
        _ = greedy(needed, shapes[best].length) { windows.append(Window(shape: best, periods: $0)) }
        return windows
    }

    /// The number of windows; each ends with the last period that it is needed for.
    private func greedy(_ needed: SlotSet, _ length: Int, _ emit: (Range<Int>) -> Void) -> Int {
        var count = 0
        var open: Range<Int>?
        func close() {
            if let window = open { emit(window) }
        }
        for run in needed.ranges {
            var from = run.lowerBound
            if let window = open {
                let limit = min(window.lowerBound + length, run.upperBound)
                if limit > from {
                    open = window.lowerBound..<limit
                    from = limit
                }
            }
            while from < run.upperBound {
                close()
                let to = min(from + length, run.upperBound)
                open = from..<to
                count += 1
                from = to
            }
        }
        close()
        return count
    }

    private func shortestPath(_ periods: [Int]) -> [Window] {
        // Cheapest cover of the first i periods, and the last window of it.
        var cheapest = [0]
        var lastWindow: [(shape: Int, first: Int)] = []
        var queues = shapes.map { _ in CandidateQueue() }
        for (index, period) in periods.enumerated() {
            var choice = (price: Int.max, shape: 0, first: 0)
            for (number, shape) in shapes.enumerated() {
                queues[number].add(first: index, value: cheapest[index] - shape.perPeriod * period)
                let candidate = queues[number].least { period - periods[$0] < shape.length }
                let price = candidate.value + shape.fixed + shape.perPeriod * (period + 1)
                if price < choice.price { choice = (price, number, candidate.first) }
            }
            cheapest.append(choice.price)
            lastWindow.append((choice.shape, choice.first))
        }
        var windows: [Window] = []
        var end = periods.count
        while end > 0 {
            let (shape, first) = lastWindow[end - 1]
            windows.append(Window(shape: shape, periods: periods[first]..<periods[end - 1] + 1))
            end = first
        }
        return windows.reversed()
    }
}

/// The least of the candidates that are still within reach: values rise from front to back, and what falls out of reach lies in front.
private struct CandidateQueue {
    private var entries: [(first: Int, value: Int)] = []
    private var front = 0

    mutating func add(first: Int, value: Int) {
        while entries.count > front, let last = entries.last, last.value > value { entries.removeLast() }
        entries.append((first, value))
    }

    mutating func least(within reach: (Int) -> Bool) -> (first: Int, value: Int) {
        while !reach(entries[front].first) { front += 1 }
        return entries[front]
    }
}
