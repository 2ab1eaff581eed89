internal import HTTP

/// Looks at every request before its body is read: pages of other sites must neither read nor change what is here, even
/// where a name of theirs leads to this address (DNS rebinding).
final class Gate {
    private let hosts: Set<String>
    /// The host that was served last: clients seldom change it.
    private var lastServed: ArraySlice<UInt8> = []
    private let origins: Set<String>

    /// `hosts`: names with or without a port, `origins`: as browsers send them, `https://example.org`.
    init(hosts: [String], origins: [String]) {
        self.hosts = Set(hosts.map { $0.lowercased() })
        self.origins = Set(origins.map { $0.lowercased() })
    }

    func admit(_ request: Request) -> Response? {
        let host = request.hostBytes
        if host != lastServed || host.isEmpty {
            guard isServed(request.host) else {
                return Failure(.misdirectedRequest, "This service does not answer for the host that was named.").response(for: request)
            }
            lastServed = ArraySlice(Array(host))
        }
        switch request.method {
        case .get, .head, .options: return nil
        default: return refusalOfChange(request)
        }
    }

    private func refusalOfChange(_ request: Request) -> Response? {
        guard let origin = request.header("Origin") else { return nil }
        if !origins.contains(origin.lowercased()) {
            return Failure(.originRefused, "Requests of this origin are not taken.").response(for: request)
        }
        let type = request.header("Content-Type")?.lowercased().split(separator: ";").first.map { String($0) } ?? ""
        // A form or a plain text may be sent across origins without asking first; JSON may not.
        guard type.split(separator: " ").first == "application/json" else {
            return Failure(.unsupportedMediaType, "Content-Type: application/json is expected.").response(for: request)
        }
        return nil
    }

    /// What configured origins may read (Fetch standard, CORS protocol).
    func dress(_ request: Request, _ response: inout Response) {
        if origins.isEmpty { return }
        response.fields.add("Vary", "Origin")
        guard let origin = request.header("Origin"), origins.contains(origin.lowercased()) else { return }
        response.fields.add("Access-Control-Allow-Origin", origin)
        response.fields.add("Access-Control-Expose-Headers", "ETag, Link, Location, Cache-Status, Gapless-Coverage, X-Request-Id")
        guard request.method == .options else { return }
        response.fields.add("Access-Control-Allow-Methods", "GET, HEAD, POST")
        response.fields.add("Access-Control-Allow-Headers", "Content-Type, If-None-Match, X-Request-Id")
        response.fields.add("Access-Control-Max-Age", "600")
    }

    private func isServed(_ host: String) -> Bool {
        switch Gate.name(of: host) {
        case "127.0.0.1", "localhost", "[::1]": return true
        default: break
        }
        let lower = host.lowercased()
        let name = String(Gate.name(of: lower))
        return name == "localhost" || hosts.contains(lower) || hosts.contains(name)
    }

    /// The host without its port.
    private static func name(of host: String) -> Substring {
        if host.utf8.first == UInt8(ascii: "[") {
            guard let end = host.utf8.firstIndex(of: UInt8(ascii: "]")) else { return host[...] }
            let rest = host[host.utf8.index(after: end)...]
            return isPort(rest) ? host[...end] : host[...]
        }
        guard let colon = host.utf8.firstIndex(of: UInt8(ascii: ":")) else { return host[...] }
        return isPort(host[colon...]) ? host[..<colon] : host[...]
    }

    /// Empty, or a colon and digits.
    private static func isPort(_ text: Substring) -> Bool {
        text.isEmpty || (text.utf8.first == UInt8(ascii: ":") && text.utf8.dropFirst().allSatisfy { (48...57).contains($0) })
    }
}
