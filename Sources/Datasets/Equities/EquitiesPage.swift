internal import Series

/// The question for a page of a ticker's bars: the first, or what an answer's `next_url` names. Of that address only path and query are
/// taken, for the host is ours to choose, and none but an address of the same ticker and endpoint. What credentials it may carry is
/// left out.
struct EquitiesPage: Hashable {
    private let question: UpstreamRequest

    /// Bars that a page may hold (rest.json: at most 50,000).
    static let limit = 50_000
    private static let longest = 8192

    init(_ ticker: String, from: String, to: String) {
        question = UpstreamRequest(
            path: Self.prefix(ticker) + "\(from)/\(to)",
            query: [("adjusted", "true"), ("sort", "asc"), ("limit", String(Self.limit))])
    }

    /// nil where the address is none, or not of this ticker's days.
    init?(following address: String, of ticker: String) {
        guard address.utf8.count <= Self.longest, address.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }),
            let target = Self.target(address)
        else { return nil }
        let mark = target.firstIndex(of: "?") ?? target.endIndex
        // Decoded segment by segment: an encoded slash is none.
        let parts = target[..<mark].split(separator: "/", omittingEmptySubsequences: false).map(Self.decoded)
        let expected = Self.prefix(ticker).split(separator: "/", omittingEmptySubsequences: false).dropLast().map { String($0) }
        guard parts.count == expected.count + 2, parts.prefix(expected.count).elementsEqual(expected),
            let from = parts[expected.count], let to = parts[expected.count + 1], Self.isDay(from), Self.isDay(to)
        else { return nil }
        var items: [(String, String)] = []
        for pair in mark == target.endIndex ? [] : target[target.index(after: mark)...].split(separator: "&") {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(halves[0]), let value = halves.count > 1 ? Self.decoded(halves[1]) : "" else { return nil }
            if name.lowercased() != "apikey" { items.append((name, value)) }
        }
        question = UpstreamRequest(path: Self.prefix(ticker) + "\(from)/\(to)", query: items)
    }

    func request(attempt: Int) -> UpstreamRequest {
        // Doubtful: a 403 or 404 is of this ticker, or of these days, and ends nothing else.
        UpstreamRequest(
            path: question.path, query: question.query.map { ($0.name, $0.value) }, attempt: attempt, isDoubtful: true,
            mayBeForbidden: true)
    }

    private static func prefix(_ ticker: String) -> String { "/v2/aggs/ticker/\(ticker)/range/1/day/" }

    /// Path and query of an absolute address or of one without a host.
    private static func target(_ address: String) -> Substring? {
        var rest = address.prefix { $0 != "#" }
        if let scheme = ["https://", "http://"].first(where: { address.lowercased().hasPrefix($0) }) {
            rest = rest.dropFirst(scheme.utf8.count)
            guard let slash = rest.firstIndex(of: "/") else { return nil }
            rest = rest[slash...]
        }
        return rest.hasPrefix("/") ? rest : nil
    }

    /// A date or milliseconds.
    private static func isDay(_ text: String) -> Bool {
        (1...20).contains(text.utf8.count) && text.utf8.allSatisfy { $0 &- UInt8(ascii: "0") < 10 || $0 == UInt8(ascii: "-") }
    }

    /// nil where a `%` is not followed by two hexadecimal digits, or the bytes are no UTF-8. A plus stays one.
    private static func decoded(_ text: Substring) -> String? {
        var out: [UInt8] = []
        var bytes = text.utf8.makeIterator()
        while let byte = bytes.next() {
            if byte != UInt8(ascii: "%") {
                out.append(byte)
            } else if let high = bytes.next().flatMap(digit), let low = bytes.next().flatMap(digit) {
                out.append(high << 4 | low)
            } else {
                return nil
            }
        }
        return String(validating: out, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
