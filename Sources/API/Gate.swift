internal import EventLoop
internal import HTTP
internal import Store

/// Looks at every request before its body is read, in this order: the host that is named (421), the token (401, 403), how
/// fast its client asks (429), the origin (403, 415). Pages of other sites must neither read nor change what is here, even
/// where a name of theirs leads to this address (DNS rebinding).
final class Gate {
    /// What a route asks of a token, where tokens are configured.
    enum Need {
        /// Not even to be there: for those who watch whether the process lives.
        case nothing
        case scope(TokenScope)
    }

    /// Replaced while the service runs, where a file of tokens has changed.
    var tokens: TokenBook
    private let hosts: Set<String>
    /// The host that was served last: clients seldom change it.
    private var lastServed: ArraySlice<UInt8> = []
    private let origins: Set<String>
    private let rate: ClientRate?
    /// By the route's number.
    private var needs: [Need] = []

    /// `hosts`: names with or without a port, `origins`: as browsers send them, `https://example.org`.
    init(hosts: [String], origins: [String], tokens: TokenBook, rate: ClientRate?) {
        self.hosts = Set(hosts.map { $0.lowercased() })
        self.origins = Set(origins.map { $0.lowercased() })
        self.tokens = tokens
        self.rate = rate
    }

    /// Routes are told in the order of their numbers.
    func add(_ need: Need) { needs.append(need) }

    var routeCount: Int { needs.count }

    func admit(_ request: Request) -> Response? {
        let host = request.hostBytes
        if host != lastServed || host.isEmpty {
            // Only HTTP/1.0 gets here without one: no browser, and so no page of another site, sends that.
            guard host.isEmpty || isServed(request.host) else {
                return Failure(.misdirectedRequest, "This service does not answer for the host that was named.").response(for: request)
            }
            lastServed = ArraySlice(Array(host))
        }
        if tokens.isNeeded || rate != nil, let refused = refusalOfClient(request) { return refused.response(for: request) }
        switch request.method {
        case .get, .head, .options: return nil
        default: return refusalOfChange(request)
        }
    }

    // MARK: Tokens

    /// What is asked for the request's route; to learn that there is no such resource takes as much as to read one.
    private func need(_ request: Request) -> Need { request.route.map { needs[$0.number] } ?? .scope(.read) }

    private func refusalOfClient(_ request: Request) -> Failure? {
        guard case .scope(let scope) = need(request) else { return nil }
        // A browser asks ahead without credentials (Fetch standard, CORS-preflight fetch).
        guard tokens.isNeeded, !isPreflight(request) else { return tooFast(.address(request.peer)) }
        guard let given = Bearer(request) else {
            return tooFast(.address(request.peer))
                ?? Self.unauthorized("A token is needed: Authorization: Bearer, and the token.", challenge: #"Bearer realm="gapless""#)
        }
        guard let token = tokens.token(given.text, now: Int64(ServiceClock.realNow)) else {
            return tooFast(.address(request.peer))
                ?? Self.unauthorized(
                    "The token is not known here, or has expired.", challenge: #"Bearer realm="gapless", error="invalid_token""#)
        }
        request.client = token.name
        if let refused = tooFast(.token(token.name)) { return refused }
        if token.scope >= scope { return nil }
        let detail = "This takes a token of scope \(scope.rawValue); \(token.name) has \(token.scope.rawValue)."
        let problem = ProblemType.scopeMissing.problem(detail)
        return Failure(problem.with(
            "WWW-Authenticate", #"Bearer realm="gapless", error="insufficient_scope", scope="\#(scope.rawValue)""#))
    }

    private static func unauthorized(_ detail: String, challenge: String) -> Failure {
        Failure(ProblemType.tokenMissing.problem(detail).with("WWW-Authenticate", challenge))
    }

    private func tooFast(_ client: ClientRate.Client) -> Failure? {
        guard let rate, case .wait(let seconds) = rate.ask(client, now: Deadline.now.nanoseconds) else { return nil }
        let problem = ProblemType.tooManyRequests.problem("More requests than are taken of one client; try again in \(seconds) s.")
        return Failure(problem.with("Retry-After", "\(seconds)"))
    }

    private func isPreflight(_ request: Request) -> Bool {
        guard request.method == .options, request.headerBytes("Access-Control-Request-Method") != nil else { return false }
        return request.header("Origin").map { origins.contains($0.lowercased()) } ?? false
    }

    // MARK: Origins

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

    /// What all answers carry: who may keep them, and what configured origins may read (Fetch standard, CORS protocol).
    func dress(_ request: Request, _ response: inout Response) {
        if tokens.isNeeded, case .scope = need(request), Self.mayBeKept(response) {
            // A list-based field: a line of its own beside the age (RFC 9111, section 5.2).
            response.fields.add("Cache-Control", "private")
        }
        if origins.isEmpty { return }
        response.fields.add("Vary", "Origin")
        guard let origin = request.header("Origin"), origins.contains(origin.lowercased()) else { return }
        response.fields.add("Access-Control-Allow-Origin", origin)
        response.fields.add(
            "Access-Control-Expose-Headers",
            "ETag, Link, Location, Cache-Status, Gapless-Coverage, Gapless-Fetching, X-Request-Id, Retry-After, Preference-Applied, "
                + "WWW-Authenticate")
        guard request.method == .options else { return }
        response.fields.add("Access-Control-Allow-Methods", "GET, HEAD, POST, DELETE")
        response.fields.add(
            "Access-Control-Allow-Headers",
            "Authorization, Content-Type, Idempotency-Key, If-None-Match, Prefer, traceparent, X-Request-Id")
        response.fields.add("Access-Control-Max-Age", "600")
    }

    /// Stored answers and streams say how long they hold; all others are made for one request, with `no-store`.
    private static func mayBeKept(_ response: Response) -> Bool {
        switch response.body {
        case .prebuilt, .stream: true
        case .none, .bytes: false
        }
    }

    // MARK: Hosts

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

/// What follows `Bearer` in an Authorization field (RFC 6750, section 2.1); nil where there is no such field, or it is of
/// another scheme. What is no token at all is an empty one, which nobody has.
struct Bearer {
    let text: ArraySlice<UInt8>

    init?(_ request: Request) {
        guard let first = request.headerBytes("Authorization") else { return nil }
        let scheme = first.prefix { $0 != 0x20 }
        guard scheme.count == 6, scheme.elementsEqual("bearer".utf8, by: { $0 | 0x20 == $1 }) else { return nil }
        let rest = first.dropFirst(6).drop { $0 == 0x20 }
        // Two fields: which of them is meant cannot be told.
        let isOne = request.header("Authorization")?.utf8.count == first.count
        text = isOne && rest.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ",") } ? rest : []
    }
}
