import EventLoop
import Glibc
import Testing

@testable import HTTP

/// Handlers of the test's server: objects of the loop, as the service's are.
final class Desk {
    let loop: Loop
    var exchanges: [(method: Method, route: String, status: Int, bytes: Int)] = []
    /// The same as a log would have it: peer, id, method, target, status, bytes (of what was answered well), agent, line.
    var seen: [String] = []
    var sizes: [[Int]] = []
    /// Set by `hold` when it waits, so that a test knows that a request is being answered.
    let arrived: Waiter
    let release: Waiter
    let stored = Prebuilt(
        fields: HeaderLines(["Content-Type": "text/plain", "ETag": "\"1\""]), body: [UInt8](repeating: 0x61, count: 20_000))

    init(_ loop: Loop) {
        self.loop = loop
        arrived = Waiter(loop)
        release = Waiter(loop)
    }

    func hello(_ request: Request) async -> Response { .text("hello") }
    func echo(_ request: Request) async -> Response { Response(type: "application/octet-stream", request.body) }
    func name(_ request: Request) async -> Response { .text(request.parameter("name") ?? "none") }
    func slot(_ request: Request) async -> Response { .text("\(request.parameter("dataset") ?? "-"):\(request.parameter("time") ?? "-")") }
    func query(_ request: Request) async -> Response { .text(request.query.map { "[\($0.name)|\($0.value)]" }.joined()) }
    func large(_ request: Request) async -> Response {
        var fields = HeaderLines()
        fields.add("Age", 7)
        return .prebuilt(stored, fields: fields)
    }
    /// At once for whom it knows.
    func known(_ request: Request) -> Response? { request.header("X-Known") == "yes" ? large(20_000) : nil }
    private func large(_ size: Int) -> Response { Response(type: "text/plain", [UInt8](repeating: 0x62, count: size)) }
    func nothing(_ request: Request) async -> Response { Response(status: 204) }
    func inject(_ request: Request) async -> Response {
        Response(status: 200, fields: HeaderLines(["X-A": "b\r\nX-Injected: yes"]), body: .none)
    }
    func stream(_ request: Request) async -> Response { Response(status: 200, body: .stream(pieces)) }
    private func pieces(_ writer: BodyWriter) async throws {
        for i in 0..<3 {
            try await writer.write(Array("piece \(i);".utf8))
            try await writer.flush()
        }
    }
    func broken(_ request: Request) async -> Response { Response(status: 200, body: .stream(breaks)) }
    private func breaks(_ writer: BodyWriter) async throws {
        try await writer.write(Array("half".utf8))
        try await writer.flush()
        throw HTTPClient.Failure.cut
    }
    func hold(_ request: Request) async -> Response {
        arrived.wake()
        try? await release.wait()
        return .text("held")
    }

    func router() -> Router {
        let router = Router()
        router.get("/", hello)
        router.post("/echo", echo)
        router.post("/small", bodyLimit: 10, echo)
        router.get("/names/{name}", name)
        router.get("/names/known", hello)
        router.get("/v1/{dataset}/slots/{time}", slot)
        router.get("/query", query)
        router.get("/large", large)
        router.get("/known", atOnce: known, hello)
        router.on(.put, "/known", atOnce: known, echo)
        router.get("/nothing", nothing)
        router.get("/inject", inject)
        router.get("/stream", stream)
        router.get("/broken", broken)
        router.get("/hold", hold)
        return router
    }

    func observe(_ exchange: Exchange) {
        exchanges.append((exchange.method, exchange.route, exchange.status, exchange.bytes))
        if exchanges.count > 16 { return }
        let agent = exchange.userAgent.map { String(decoding: $0, as: UTF8.self) } ?? "-"
        let words = [
            exchange.peer, exchange.id, exchange.methodName, String(decoding: exchange.target, as: UTF8.self), "\(exchange.status)",
            exchange.status < 400 ? "\(exchange.bytes) \(agent)" : agent, String(decoding: exchange.line, as: UTF8.self),
        ]
        seen.append(words.joined(separator: " "))
        sizes.append([exchange.target.count, exchange.userAgent?.count ?? 0, exchange.line.count])
    }
}

/// A server and a client's stream on one loop.
struct Place {
    let loop: Loop
    let desk: Desk
    let server: Server

    func connect() async throws -> Stream { try await Stream.connect(to: server.address, on: loop, until: .after(.seconds(10))) }

    /// Connects and sends without letting the loop turn.
    func connectBlocking(sends raw: String) throws -> Stream {
        guard case .tcp(_, let port) = server.address else { throw HTTPClient.Failure.cut }
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        if code < 0 { throw SystemError.last("connect") }
        let bytes = Array(raw.utf8)
        if !bytes.isEmpty, send(fd, bytes, bytes.count, 0) != bytes.count { throw SystemError.last("send") }
        _ = fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK)
        return try Stream(fd, on: loop)
    }

    /// Sends on a new connection and reads to its end.
    func exchange(_ raw: String) async throws -> String {
        let client = try await connect()
        try await client.write(Array(raw.utf8))
        return try await readToEnd(client)
    }

    func readToEnd(_ client: Stream) async throws -> String {
        var bytes: [UInt8] = []
        while true {
            let piece = try await client.read(upTo: 1 << 16, until: .after(.seconds(10)))
            if piece.isEmpty { return String(decoding: bytes, as: UTF8.self) }
            bytes += piece
        }
    }

    /// Reads until `ending` is the end of what came.
    func read(_ client: Stream, endingIn ending: String) async throws -> String {
        var bytes: [UInt8] = []
        while !bytes.reversed().starts(with: ending.utf8.reversed()) {
            let piece = try await client.read(upTo: 1 << 16, until: .after(.seconds(10)))
            if piece.isEmpty { throw HTTPClient.Failure.cut }
            bytes += piece
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Runs `body` beside a server, on the server's loop, and ends the server afterwards.
func withServer(
    _ limits: Limits = .standard, router: (@Sendable (Desk) -> Router)? = nil,
    _ body: @escaping @Sendable (isolated Loop, Place) async throws -> Void
) async throws {
    let loop = try Loop(name: "http")
    defer { loop.stop() }
    try await loop.run { loop in
        let desk = Desk(loop)
        let server = try Server(
            loop: loop, address: .tcp(host: "127.0.0.1", port: 0), router: router?(desk) ?? desk.router(), limits: limits,
            observe: desk.observe)
        let place = Place(loop: loop, desk: desk, server: server)
        let local = loop.keep(server)
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { await loop.enter { loop in await loop[local].run(on: loop) } }
            do {
                try await body(loop, place)
                await server.end(within: .seconds(10))
            } catch {
                await server.end(within: .zero)
                throw error
            }
        }
    }
}
