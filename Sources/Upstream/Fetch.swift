/// One request. Only what is in `credentials` is secret; host and path are shown in errors.
package struct Fetch: Sendable {
    package enum Method: Sendable, Hashable {
        case get
        case post(contentType: String, body: [UInt8])

        var name: String { self == .get ? "GET" : "POST" }
    }

    package var method = Method.get
    package let base: Base
    /// Begins with a slash. Percent-encoded here (RFC 3986, section 3.3), so given as plain text.
    package var path: String
    /// Percent-encoded here, in this order.
    package var query: [(name: String, value: String)]
    /// A query already encoded by the upstream itself (the link to a next page); put in front of `query` as it is.
    package var encodedQuery = ""
    package var headers: [(name: String, value: String)]
    package var credentials: [Credential]
    package var limits = Limits()

    package init(
        _ base: Base, _ path: String, query: [(name: String, value: String)] = [], headers: [(name: String, value: String)] = [],
        credentials: [Credential] = []
    ) {
        self.base = base
        self.path = path
        self.query = query
        self.headers = headers
        self.credentials = credentials
    }

    /// A request for a link that an answer carried: nil unless it stays within `base` (same scheme, host and port), since
    /// the credentials go along.
    package init?(following link: String, within base: Base, credentials: [Credential] = []) {
        let home = "\(base.scheme)://\(base.authority)"
        guard link.hasPrefix(home), link.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        let target = link.dropFirst(home.count).prefix { $0 != "#" }
        guard target.hasPrefix(base.prefix + "/") else { return nil }
        let mark = target.firstIndex(of: "?") ?? target.endIndex
        guard let path = percentDecoded(target[..<mark].dropFirst(base.prefix.count)) else { return nil }
        self.init(base, path, credentials: credentials)
        if mark < target.endIndex { encodedQuery = String(target[target.index(after: mark)...]) }
    }

    /// What errors and logs may show.
    package var place: String { "\(method.name) \(base.host)\(base.prefix)\(path)" }

    /// The whole URL, with the secrets: never shown.
    var url: String {
        var pairs = encodedQuery.isEmpty ? [] : [encodedQuery]
        pairs += query.map { "\(percentEncoded($0.name))=\(percentEncoded($0.value))" }
        for case .query(let name, let secret) in credentials { pairs.append("\(percentEncoded(name))=\(percentEncoded(secret.text))") }
        let target = "\(base)\(percentEncoded(path, keeping: pathBytes))"
        return pairs.isEmpty ? target : "\(target)?\(pairs.joined(separator: "&"))"
    }

    /// `Name: value` lines for curl; nil where a name or value would break out of its line.
    var headerLines: [String]? {
        var fields = headers
        for case .header(let name, let prefix, let secret) in credentials { fields.append((name, prefix + secret.text)) }
        if case .post(let type, _) = method { fields.append(("Content-Type", type)) }
        let nameIsSound = { (name: String) in !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") } }
        let valueIsSound = { (value: String) in value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 9 } }
        guard fields.allSatisfy({ nameIsSound($0.name) && valueIsSound($0.value) }) else { return nil }
        // curl reads "Name:" as "leave it out"; "Name;" sends it empty (CURLOPT_HTTPHEADER(3)).
        return fields.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
    }
}
