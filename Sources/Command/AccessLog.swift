internal import API
internal import Bytes
internal import EventLoop
internal import HTTP
internal import Store

/// One line for each request of one loop: gathered, and written once a turn of the loop or when much has come together,
/// since a call to the kernel for each would cost more than most answers do.
final class AccessLog {
    private let log: Log
    private let isOn: Bool
    private let bell: Waiter
    private var lines: [UInt8] = []
    /// The time of a line, whole but for its last three digits while the second lasts.
    private var second: (at: Int64, text: [UInt8]) = (0, [])

    private static let written = 16 * 1024
    /// Bytes of a method, of a target and of a user agent that are shown.
    private static let methodMax = 32, targetMax = 1024, agentMax = 256

    /// `isOn`: else only failures of our own are told.
    init(on loop: Loop, log: Log, isOn: Bool) {
        self.log = log
        self.isOn = isOn
        bell = Waiter(loop)
    }

    /// Writes what has come together, once a turn, until the loop closes.
    func run() async {
        while (try? await bell.wait()) != nil { flush() }
        flush()
    }

    func flush() {
        if lines.isEmpty { return }
        log.emit(lines)
        lines.removeAll(keepingCapacity: true)
    }

    func write(_ exchange: Exchange) {
        let level = Self.level(exchange)
        if level < log.level || !isOn && level != .error { return }
        if lines.isEmpty { bell.wake() }
        append(exchange, level, now: ServiceClock.realNow)
        if lines.count >= Self.written { flush() }
    }

    /// Of the failures only 500 is ours: 503 says that something else is away, which is told where it was noticed. Those who
    /// look every few seconds whether the process lives would drown the others.
    private static func level(_ exchange: Exchange) -> Log.Level {
        if exchange.status == 500 { return .error }
        switch exchange.route {
        case "/healthz", "/readyz", "/metrics": return .debug
        default: return .info
        }
    }

    private func append(_ exchange: Exchange, _ level: Log.Level, now: Double) {
        var line = LogLine(log.format, into: lines)
        // The array must have one owner while it grows.
        lines = []
        line.begin(time(now), level.rawValue, "request")
        let request = exchange.request
        line.word("method", exchange.method == .unknown ? String(exchange.methodName.prefix(Self.methodMax)) : exchange.method.name)
        if request != nil {
            line.text("target", Self.masked(exchange.target), most: Self.targetMax)
        } else {
            // What could not be parsed: its first line, for who looks for the reason.
            line.text("line", Self.masked(exchange.line[...]), most: Self.targetMax)
        }
        line.word("route", exchange.route)
        line.number("status", exchange.status)
        line.number("bytes", exchange.bytes)
        line.seconds("seconds", exchange.duration)
        if exchange.isCut { line.word("cut", "true") }
        line.plain("id") { exchange.appendID(to: &$0) }
        line.word("peer", exchange.peer)
        if let client = request?.client { line.word("token", client) }
        if let agent = exchange.userAgent { line.text("agent", agent, most: Self.agentMax) }
        if let trace = request?.traceParent { line.word("trace", trace.traceID) }
        line.end()
        lines = line.bytes
    }

    /// A token of ours that somebody sent where none belongs, such as a target, is not kept for whoever reads logs.
    static func masked(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard var found = place(ofTokenIn: text) else { return text }
        var masked: [UInt8] = []
        var rest = text
        while true {
            masked.append(contentsOf: rest[..<found])
            masked.append(contentsOf: tokenPrefix + Array("***".utf8))
            rest = rest[(found + tokenPrefix.count)...].drop { byte in
                (48...57).contains(byte) || (byte | 0x20) &- 97 < 26 || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            }
            guard let next = place(ofTokenIn: rest) else { return (masked + rest)[...] }
            found = next
        }
    }

    private static let tokenPrefix = Array(Token.prefix.utf8)

    private static func place(ofTokenIn text: ArraySlice<UInt8>) -> Int? {
        text.withUnsafeBufferPointer { bytes in
            var i = 0
            // The underscore is the rarest of its letters in what people send.
            let mark = tokenPrefix.count - 1
            while i + tokenPrefix.count <= bytes.count {
                if bytes[i + mark] == tokenPrefix[mark], bytes[i..<i + mark].elementsEqual(tokenPrefix[..<mark]) {
                    return text.startIndex + i
                }
                i += 1
            }
            return nil
        }
    }

    /// `2026-01-31T12:00:00.123Z`
    private func time(_ now: Double) -> [UInt8] {
        let whole = Int64(now)
        if second.at != whole { second = (whole, Array(Timestamp.text(whole).utf8.dropLast()) + Array(".000Z".utf8)) }
        let part = Int((now - Double(whole)) * 1000)
        let end = second.text.count - 1
        second.text[end - 3] = 0x30 + UInt8(part / 100)
        second.text[end - 2] = 0x30 + UInt8(part / 10 % 10)
        second.text[end - 1] = 0x30 + UInt8(part % 10)
        return second.text
    }
}
