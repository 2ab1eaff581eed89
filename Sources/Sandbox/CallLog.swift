internal import Bytes

/// What was asked and answered, for tests that count calls. Never a key. Each call is kept as the text that it is told
/// in: telling a hundred thousand of them is a copy.
struct CallLog: Sendable {
    enum Upstream: String, Sendable { case sip, kraken, metrics, polygon, keepa }

    struct Call: Sendable {
        let time: Int64
        let key: Int
        let path: String
        let query: String
        let status: Int
        let rows: Int
        let spoiled: Int
        let upstream: Upstream
        /// What it took of the tokens of its key; nil where there are none.
        var tokens: Int?
    }

    private struct Count: Hashable {
        let key: Int
        let path: String
    }

    /// All of them, those that were forgotten too.
    private(set) var total = 0
    private var refused = 0
    private var counts: [Count: Int] = [:]
    /// Objects, each with a comma behind it.
    private var text: [UInt8] = []
    /// Where each begins.
    private var starts: [Int] = []
    /// The number of the first that is kept.
    private var first = 0
    private static let limit = 400_000
    var atOnce = 0 { didSet { mostAtOnce = max(mostAtOnce, atOnce) } }
    private var mostAtOnce = 0

    mutating func add(_ call: Call) {
        if starts.count >= CallLog.limit { forget() }
        counts[Count(key: call.key, path: call.path), default: 0] += 1
        if call.status == 429 { refused += 1 }
        var json = JSONWriter(capacity: 256)
        json.beginObject()
        json.member("number") { $0.int(total) }
        json.member("time") { $0.timestamp(call.time) }
        json.member("key") { $0.int(call.key) }
        json.member("path") { $0.string(call.path) }
        json.member("query") { $0.string(call.query) }
        json.member("status") { $0.int(call.status) }
        json.member("rows") { $0.int(call.rows) }
        json.member("spoiled") { $0.int(call.spoiled) }
        json.member("upstream") { $0.string(call.upstream.rawValue) }
        if let tokens = call.tokens { json.member("tokensConsumed") { $0.int(tokens) } }
        json.endObject()
        starts.append(text.count)
        text += json.bytes
        text.append(UInt8(ascii: ","))
        total += 1
    }

    private mutating func forget() {
        let half = starts.count / 2
        let cut = starts[half]
        text.removeSubrange(..<cut)
        starts = starts[half...].map { $0 - cut }
        first += half
    }

    /// Of those that are being answered the count stays.
    mutating func clear() {
        let now = atOnce
        self = CallLog()
        atOnce = now
    }

    /// Calls from number `since` on; the counts are of all.
    func json(since: Int) -> [UInt8] {
        let skipped = min(max(0, since - first), starts.count)
        let from = skipped < starts.count ? starts[skipped] : text.count
        var out = Array(#"{"total":\#(total),"calls":["#.utf8)
        out.reserveCapacity(text.count - from + 4_096)
        out += text[from...]
        if from < text.count { out.removeLast() }
        out += #"],"refused":\#(refused),"mostAtOnce":\#(mostAtOnce),"keys":"#.utf8
        var json = JSONWriter()
        json.beginArray()
        for key in Set(counts.keys.map(\.key)).sorted() {
            json.beginObject()
            json.member("key") { $0.int(key) }
            json.member("paths") { json in
                json.beginObject()
                for (count, number) in counts.filter({ $0.key.key == key }).sorted(by: { $0.key.path < $1.key.path }) {
                    json.member(count.path) { $0.int(number) }
                }
                json.endObject()
            }
            json.endObject()
        }
        json.endArray()
        return out + json.bytes + "}".utf8
    }
}
