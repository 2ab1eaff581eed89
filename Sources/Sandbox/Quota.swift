/// Requests of one key within the last hour. Refused ones count too, as with the gateway.
struct Quota: Sendable {
    private var times: [Int64] = []
    private var first = 0

    /// Takes one at `now` (seconds) and says whether it is within `limit`.
    mutating func take(_ limit: Int, now: Int64) -> Bool {
        while first < times.count, times[first] <= now - 3600 { first += 1 }
        if first > 4096, first * 2 > times.count {
            times.removeFirst(first)
            first = 0
        }
        times.append(now)
        return times.count - first <= limit
    }
}
