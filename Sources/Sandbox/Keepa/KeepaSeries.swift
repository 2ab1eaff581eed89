/// The service's minutes, counted from 2011-01-01 UTC.
enum KeepaMinute {
    static let epoch: Int64 = 21_564_000

    static func of(_ seconds: Int64) -> Int { Int(seconds / 60 - epoch) }
    static func seconds(_ minute: Int) -> Int64 { (Int64(minute) + epoch) * 60 }
}

/// A value that holds from some minute on: an amount, below 0 for none, and what is paid to have it sent.
struct KeepaQuote: Sendable, Hashable {
    var value: Int
    var shipping = 0

    static let none = KeepaQuote(value: -1, shipping: -1)

    /// With shipping; -1 for none.
    var landed: Int { value < 0 ? -1 : value + max(0, shipping) }
}

/// What changed when, changes alone.
struct KeepaSeries: Sendable {
    private(set) var minutes: [Int] = []
    private(set) var quotes: [KeepaQuote] = []

    var count: Int { minutes.count }
    var last: KeepaQuote? { quotes.last }

    mutating func append(_ minute: Int, _ quote: KeepaQuote) {
        if quotes.last == quote { return }
        minutes.append(minute)
        quotes.append(quote)
    }

    /// The first place behind `minute`.
    func end(_ minute: Int) -> Int {
        var (low, high) = (0, minutes.count)
        while low < high {
            let middle = (low + high) / 2
            if minutes[middle] <= minute { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// What holds at `minute`.
    func quote(_ minute: Int) -> KeepaQuote? {
        let end = end(minute)
        return end > 0 ? quotes[end - 1] : nil
    }

    /// As it was known at `minute`.
    func through(_ minute: Int) -> KeepaSeries {
        if let last = minutes.last, last <= minute { return self }
        return slice(0..<end(minute))
    }

    /// From the last point on that still held at `minute`.
    func from(_ minute: Int) -> KeepaSeries { slice(max(0, end(minute) - 1)..<count) }

    private func slice(_ range: Range<Int>) -> KeepaSeries {
        var series = KeepaSeries()
        series.minutes = Array(minutes[range])
        series.quotes = Array(quotes[range])
        return series
    }

    /// What follows from several of them: made anew at each minute at which one of them changes.
    static func merged(_ sources: [KeepaSeries], _ make: (Int, [KeepaQuote]) -> KeepaQuote) -> KeepaSeries {
        var merged = KeepaSeries()
        var places = [Int](repeating: 0, count: sources.count)
        var current = [KeepaQuote](repeating: .none, count: sources.count)
        while true {
            var next = Int.max
            for (source, place) in zip(sources, places) where place < source.count { next = min(next, source.minutes[place]) }
            if next == .max { return merged }
            for number in sources.indices where places[number] < sources[number].count {
                if sources[number].minutes[places[number]] > next { continue }
                current[number] = sources[number].quotes[places[number]]
                places[number] += 1
            }
            merged.append(next, make(next, current))
        }
    }
}
