package import EventLoop
internal import HTTP

/// The imitated upstream on a socket of its own. One loop each; not `Sendable`.
package final class Sandbox {
    private let server: Server

    /// A sentence on what is served, for the log; with a recording it says what was made of hourly values.
    package let notice: String

    /// Listens at once; `run` then answers. Throws `SystemError` for the address, and what a recording that cannot be read throws.
    package init(_ configuration: Configuration, on loop: isolated Loop, address: Address) throws {
        let desk = try Desk(configuration)
        server = try Server(loop: loop, address: address, router: Sandbox.router(desk, loop))
        notice = Sandbox.notice(desk)
    }

    /// Where it listens, with the port that the kernel chose.
    package var address: Address { server.address }

    /// What a client takes as the upstream's base URL.
    package var base: String { "http://\(address)" }

    /// Serves until `end` or until the loop closes; returns when the last connection is gone.
    package func run(on loop: isolated Loop) async { await server.run(on: loop) }

    package func end(within grace: Duration = .seconds(1)) async { await server.end(within: grace) }

    private static func notice(_ desk: Desk) -> String {
        let buses = desk.service.market.buses.count
        let recorded = desk.polygon.book.tickers.count { $0.kind == .recorded }
        let more = recorded > 0 ? "; a recording of \(recorded) tickers" : ""
        guard let note = desk.service.market.note(.online) else {
            return "sandbox: \(buses) buses, seed \(desk.service.configuration.seed)\(more)"
        }
        return "sandbox: a recording of \(buses) buses; \(note): what the recording lacks of the time was filled in\(more)"
    }

    private static let asides: [(Method, String)] = [
        (.get, "/_sandbox"), (.get, "/_sandbox/faults"), (.put, "/_sandbox/faults"), (.delete, "/_sandbox/faults"),
        (.get, "/_sandbox/calls"), (.delete, "/_sandbox/calls"), (.get, "/_sandbox/truth"),
        (.get, "/_sandbox/keepa"), (.put, "/_sandbox/keepa"), (.get, "/_sandbox/keepa/kept"),
    ]

    private static let served = Source.allCases.map(\.path) + KrakenService.Path.allCases.map(\.rawValue)
        + MetricsService.Path.allCases.map(\.rawValue) + KeepaService.Path.allCases.map(\.rawValue)

    private static func router(_ desk: Desk, _ loop: Loop) -> Router {
        let router = Router()
        for path in served + PolygonPath.patterns { router.get(path) { await answer($0, desk, loop) } }
        for (method, path) in asides {
            router.on(method, path) { response(to: desk.answer($0.methodName, question($0), body: $0.body)) }
        }
        // A gateway answers for paths that nobody serves in a way of its own.
        router.admit = { request in
            let path = request.path
            if served.contains(path) || asides.contains(where: { $0.1 == path }) { return nil }
            if PolygonPath(path)?.hasRoute ?? false { return nil }
            return response(to: desk.answer(request.methodName, question(request)))
        }
        return router
    }

    private static func question(_ request: Request) -> Question {
        var question = Question(path: request.path, query: request.query.map { ($0.name, $0.value) })
        question.key = request.header("apiKey")
        question.host = request.header("host")
        let authorization = request.header("authorization") ?? ""
        if authorization.hasPrefix("Bearer ") { question.bearer = String(authorization.dropFirst(7)) }
        question.takesGzip = takesGzip(request.header("accept-encoding") ?? "")
        question.length = request.targetBytes.count
        return question
    }

    /// By name, and not with a weight of zero.
    private static func takesGzip(_ field: String) -> Bool {
        field.split(separator: ",").contains { coding in
            let text = coding.filter { $0 != " " }.lowercased()
            return text == "gzip" || text.hasPrefix("gzip;") && !["gzip;q=0", "gzip;q=0.0"].contains(text)
        }
    }

    private static func answer(_ request: Request, _ desk: Desk, _ loop: Loop) async -> Response {
        let isOneTooMany = desk.begin(request.path)
        await pass(isOneTooMany ? 0 : desk.delay(request.path), loop)
        let answer = desk.answer(request.methodName, question(request), isOneTooMany: isOneTooMany)
        await pass(desk.delay(rows: answer.rows, request.path) + answer.pause, loop)
        // Before the long wait: what is never answered is not being worked on either.
        desk.end()
        if answer.status != 0 { return response(to: answer) }
        await pass(600_000, loop)
        return response(to: .page(504, "Gateway Time-out"))
    }

    private static func pass(_ milliseconds: Int, _ loop: Loop) async {
        if milliseconds > 0 { try? await loop.sleep(for: .milliseconds(milliseconds)) }
    }

    private struct Cut: Error {}

    private static func response(to answer: Answer) -> Response {
        var fields = HeaderLines(["Content-Type": answer.type])
        for (name, value) in answer.fields { fields.add(name, value) }
        if answer.isBroken { return Response(status: 200, fields: fields, body: .stream { _ in throw Cut() }) }
        guard answer.isCut else { return Response(status: answer.status, fields: fields, body: .bytes(answer.body)) }
        let half = Array(answer.body.prefix(answer.body.count / 2))
        return Response(status: answer.status, fields: fields, body: .stream { writer in
            try await writer.write(half)
            try await writer.flush()
            throw Cut()
        })
    }
}
