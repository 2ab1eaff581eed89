/// Requests of one key within the last hour. Refused ones count too, as with the gateway.
struct Quota: Sendable {
    private var times: [Int64] = []
    private var first = 0
    private let window: Int64

    /// Of times in whatever unit `take` is given.
    init(window: Int64 = 3600) { self.window = window }

    /// Takes one at `now` (seconds) and says whether it is within `limit`.
    mutating func take(_ limit: Int, now: Int64) -> Bool {
        while first < times.count, times[first] <= now - window { first += 1 }
        if first > 4096, first * 2 > times.count {
            times.removeFirst(first)
            first = 0
        }
        times.append(now)
        return count <= limit
    }

    /// Those taken within the window that ends with the last one.
    var count: Int { times.count - first }
}
