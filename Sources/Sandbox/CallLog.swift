internal import Bytes

/// What was asked and answered, for tests that count calls. Never a key.
struct CallLog: Sendable {
    struct Call: Sendable {
        let time: Int64
        let path: String
        let query: String
        let status: Int
        let rows: Int
    }

    private(set) var calls: [Call] = []
    /// All of them, those that were forgotten too.
    private(set) var total = 0
    private static let limit = 100_000

    mutating func add(_ call: Call) {
        total += 1
        if calls.count >= CallLog.limit { calls.removeFirst(CallLog.limit / 2) }
        calls.append(call)
    }

    mutating func clear() { self = CallLog() }

    var json: [UInt8] {
        var json = JSONWriter(capacity: 64 + calls.count * 160)
        json.beginObject()
        json.key("total")
        json.int(total)
        json.key("calls")
        json.beginArray()
        for call in calls {
            json.beginObject()
            json.key("time")
            json.timestamp(call.time)
            json.key("path")
            json.string(call.path)
            json.key("query")
            json.string(call.query)
            json.key("status")
            json.int(call.status)
            json.key("rows")
            json.int(call.rows)
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return json.bytes
    }
}
