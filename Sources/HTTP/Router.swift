/// What answers a request. Runs on the connection's loop and may wait there.
package typealias Handler = (Request) async -> Response

/// What answers a request where that needs no wait; nil leaves it to the route's handler.
package typealias QuickHandler = (Request) -> Response?

/// One line of the table.
package final class Route {
    package let method: Method
    /// `/v1/{dataset}/history`, as it was written in the table.
    package let pattern: String
    /// The most that a request's body may hold, in bytes.
    package let bodyLimit: Int?
    package let names: [String]
    /// Its place in the order in which the table was made: for counts kept in arrays.
    package let number: Int
    let quick: QuickHandler?
    let handler: Handler

    init(
        _ method: Method, _ pattern: String, number: Int, bodyLimit: Int?, names: [String], quick: QuickHandler?,
        handler: @escaping Handler
    ) {
        self.method = method
        self.pattern = pattern
        self.bodyLimit = bodyLimit
        self.names = names
        self.number = number
        self.quick = quick
        self.handler = handler
    }
}

/// The table of routes, as a tree of path segments. A literal segment goes before a `{name}`; HEAD is answered wherever
/// GET is, OPTIONS everywhere.
package final class Router {
    enum Match {
        case route(Route)
        /// For OPTIONS without a route of its own: what to say in Allow.
        case options(String)
        case notFound
        case notAllowed(String)
        case notImplemented
    }

    /// Others are named by their place in `nodes`.
    private struct Node {
        /// Their text lies in the router's `texts`: numbers alone are compared without counting references.
        var literals: [(place: Range<Int>, node: Int)] = []
        var any: Int?
        var routes: [Route] = []

        func route(_ method: Method) -> Route? {
            for route in routes where route.method == method { return route }
            return nil
        }

        var allow: String {
            var names = routes.map(\.method.name)
            if route(.get) != nil && route(.head) == nil { names.append("HEAD") }
            if route(.options) == nil { names.append("OPTIONS") }
            return names.sorted().joined(separator: ", ")
        }
    }

    /// The tree, its root first.
    private var nodes = [Node()]
    /// All literal segments, one behind the other.
    private var texts: [UInt8] = []
    /// Looks at each request once its head is there and before its body is read, matched or not; an answer from here is
    /// final. For tokens, hosts and origins.
    package var admit: ((Request) -> Response?)?
    /// Has the last word on each answer, refusals of `admit` included, but for requests that could not be parsed. For
    /// fields that all answers carry.
    package var dress: ((Request, inout Response) -> Void)?

    private var count = 0

    package init() {}

    /// Adds a line. `pattern` begins with a slash; `{name}` stands for one segment that is not empty, four at most.
    /// `atOnce` is asked first, but for requests with a body.
    package func on(
        _ method: Method, _ pattern: String, bodyLimit: Int? = nil, atOnce quick: QuickHandler? = nil, _ handler: @escaping Handler
    ) {
        precondition(pattern.hasPrefix("/"), "the pattern \(pattern) does not begin with a slash")
        var node = 0
        var names: [String] = []
        for segment in pattern.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            if segment.first == UInt8(ascii: "{"), segment.last == UInt8(ascii: "}") {
                names.append(String(decoding: segment.dropFirst().dropLast(), as: UTF8.self))
                let next = nodes[node].any ?? add()
                nodes[node].any = next
                node = next
            } else {
                node = child(node, Array(segment))
            }
        }
        precondition(names.count <= Parameters.most, "the pattern \(pattern) has too many names")
        precondition(nodes[node].route(method) == nil, "\(method.name) \(pattern) is in the table twice")
        nodes[node].routes.append(
            Route(method, pattern, number: count, bodyLimit: bodyLimit, names: names, quick: quick, handler: handler))
        count += 1
    }

    package func get(_ pattern: String, atOnce quick: QuickHandler? = nil, _ handler: @escaping Handler) {
        on(.get, pattern, atOnce: quick, handler)
    }

    package func post(_ pattern: String, bodyLimit: Int? = nil, _ handler: @escaping Handler) {
        on(.post, pattern, bodyLimit: bodyLimit, handler)
    }

    /// All lines, sorted by pattern, then method: for tests that walk the whole table.
    package var routes: [Route] {
        nodes.flatMap(\.routes).sorted { ($0.pattern, $0.method.rawValue) < ($1.pattern, $1.method.rawValue) }
    }

    private func add() -> Int {
        nodes.append(Node())
        return nodes.count - 1
    }

    private func child(_ node: Int, _ segment: [UInt8]) -> Int {
        if let known = nodes[node].literals.first(where: { texts[$0.place].elementsEqual(segment) }) { return known.node }
        let new = add()
        nodes[node].literals.append((texts.count..<texts.count + segment.count, new))
        texts += segment
        return new
    }

    /// Finds the line and gives the request its parameters.
    func match(_ request: Request) -> Match {
        let method = request.method
        if method == .unknown { return .notImplemented }
        if request.head.isStar { return .options(nodes[0].allow) }
        var parameters = Parameters()
        let nodes = nodes
        let found = texts.withUnsafeBufferPointer { texts in
            request.withPath { path in Self.find(nodes, texts, 0, path, 1, &parameters) }
        }
        guard let node = found else { return .notFound }
        if let route = nodes[node].route(method) ?? (method == .head ? nodes[node].route(.get) : nil) {
            request.route = route
            request.parameters = parameters
            return .route(route)
        }
        return method == .options ? .options(nodes[node].allow) : .notAllowed(nodes[node].allow)
    }

    private static func find(
        _ nodes: [Node], _ texts: UnsafeBufferPointer<UInt8>, _ node: Int, _ path: UnsafeBufferPointer<UInt8>, _ start: Int,
        _ parameters: inout Parameters
    ) -> Int? {
        var end = start
        while end < path.count, path[end] != UInt8(ascii: "/") { end += 1 }
        for (place, next) in nodes[node].literals where same(texts, place, path, start..<end) {
            if end == path.count {
                if !nodes[next].routes.isEmpty { return next }
            } else if let found = find(nodes, texts, next, path, end + 1, &parameters) {
                return found
            }
        }
        guard let any = nodes[node].any, end > start, parameters.count < Parameters.most else { return nil }
        let before = parameters
        parameters.append(start..<end)
        if end == path.count {
            if !nodes[any].routes.isEmpty { return any }
        } else if let found = find(nodes, texts, any, path, end + 1, &parameters) {
            return found
        }
        parameters = before
        return nil
    }

    @inline(__always)
    private static func same(
        _ texts: UnsafeBufferPointer<UInt8>, _ literal: Range<Int>, _ path: UnsafeBufferPointer<UInt8>, _ segment: Range<Int>
    ) -> Bool {
        if literal.count != segment.count { return false }
        for i in 0..<literal.count where texts[literal.lowerBound + i] != path[segment.lowerBound + i] { return false }
        return true
    }
}
