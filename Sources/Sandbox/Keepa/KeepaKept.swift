internal import Bytes

/// When each product was answered with something to use: of how many periods somebody holds it.
struct KeepaKept: Sendable {
    /// Seconds, in order, by ASIN; empty for those that were only asked for.
    private var times: [String: [Int64]] = [:]

    mutating func ask(_ asin: String) { if times[asin] == nil { times[asin] = [] } }

    mutating func answer(_ asin: String, at second: Int64) {
        if times[asin]?.last == second { return }
        times[asin, default: []].append(second)
    }

    /// Periods `anchor + k * period` that begin in `range`, and how many products each has.
    func json(_ range: Range<Int64>, period: Int64, anchor: Int64) -> [UInt8] {
        func above(_ instant: Int64) -> Int64 {
            let past = (instant - anchor) % period
            return past == 0 ? instant : instant - past + (past > 0 ? period : 0)
        }
        let first = above(range.lowerBound), count = max(0, Int((above(range.upperBound) - first) / period))
        var kept = [Int](repeating: 0, count: count)
        for times in times.values {
            var last = -1
            for time in times where time >= first {
                let place = Int((time - first) / period)
                if place >= count { break }
                if place != last { kept[place] += 1 }
                last = place
            }
        }
        var out = JSONWriter()
        out.beginObject()
        out.member("asins") { $0.int(times.count) }
        out.member("periods") { $0.int(count) }
        out.member("kept") { $0.int(kept.reduce(0, +)) }
        out.member("first") { $0.int(first) }
        out.member("by_period") { out in
            out.beginArray()
            for count in kept { out.int(count) }
            out.endArray()
        }
        out.endObject()
        return out.bytes
    }
}
