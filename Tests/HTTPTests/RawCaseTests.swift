import EventLoop
import Testing

@testable import HTTP

/// Bytes as anybody may send them, over the parsers and over a real socket.
@Suite struct RawCaseTests {
    private static let cases = RawFamily.all.flatMap(\.cases)

    @Test func theTablesAreWhole() {
        #expect(Self.cases.count >= 550, "\(Self.cases.count) cases")
        let names = Dictionary(grouping: Self.cases, by: \.name).filter { $0.value.count > 1 }.keys
        #expect(names.isEmpty, "twice: \(names.sorted())")
    }

    @Test(arguments: RawFamily.all.indices)
    func everyCaseEndsAsItSaysHoweverItIsCut(_ family: Int) {
        for example in RawFamily.all[family].cases {
            let bytes = example.bytes
            let whole = RawFeed.outcome(of: bytes, limits: example.limits)
            #expect(whole == example.outcome, "\(example.name)")
            for cut in 0..<bytes.count {
                let cutOnce = RawFeed.outcome(of: bytes, cuts: [cut], limits: example.limits)
                if cutOnce != whole { Issue.record("\(example.name), cut at \(cut): \(cutOnce)") }
            }
            #expect(RawFeed.outcome(of: bytes, cuts: Array(0..<bytes.count), limits: example.limits) == whole, "\(example.name), dripped")
        }
    }

    /// One answer for one request, the refusal last, and then the connection's end. The same bytes, sent whole and then the sender's
    /// end.
    @Test(arguments: RawFamily.all.indices)
    func everyCaseOverASocketGetsOneAnswerForOneRequest(_ family: Int) async throws {
        let family = RawFamily.all[family]
        guard let limits = family.cases.first?.limits else { return }
        try await withServer(limits, router: { $0.everything() }) { _, place async throws in
            for example in family.cases {
                let client = try await place.connect()
                try await client.write(example.bytes)
                client.endWriting()
                let answers = try RawAnswers(Array(try await place.readToEnd(client).utf8), methods: example.methods)
                client.close()
                #expect(answers.statuses == example.statuses, "\(example.name)")
                #expect(answers.ids.count == answers.statuses.count && Set(answers.ids).count == answers.ids.count, "\(example.name)")
                if example.isRefused { #expect(answers.lastCloses, "\(example.name)") }
            }
            #expect(place.server.buffered == 0)
        }
    }
}

extension RawCase {
    private var steps: [Substring] { outcome.components(separatedBy: " | ") }

    var isRefused: Bool { steps.last.flatMap { Int($0) } != nil }

    var methods: [Substring] { steps.filter { $0 != "..." && Int($0) == nil }.map { $0.prefix { $0 != " " } } }

    /// What comes over a socket: `everything` answers 200 or says that it does not know the method.
    var statuses: [Int] {
        let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        return steps.filter { $0 != "..." && !$0.isEmpty }.map { step in
            if let status = Int(step) { return status }
            let method = String(step.prefix { $0 != " " })
            return known.contains(method) ? 200 : method == "TRACE" ? 405 : 501
        }
    }
}

extension String {
    fileprivate func components(separatedBy mark: String) -> [Substring] {
        var rest = self[...]
        var pieces: [Substring] = []
        while let found = rest.firstRange(of: mark) {
            pieces.append(rest[..<found.lowerBound])
            rest = rest[found.upperBound...]
        }
        return rest.isEmpty ? pieces : pieces + [rest]
    }
}

/// The answers that came over a connection, interim ones left out.
struct RawAnswers {
    private(set) var statuses: [Int] = []
    private(set) var ids: [String] = []
    private(set) var lastCloses = false

    /// Throws where something is left that is no answer.
    init(_ bytes: [UInt8], methods: [Substring]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let end = rest.firstRange(of: Array("\r\n\r\n".utf8)) else { throw HTTPClient.Failure.cut }
            let lines = rest[..<end.lowerBound].split(separator: 0x0A).map {
                String(decoding: $0.last == 0x0D ? $0.dropLast() : $0, as: UTF8.self)
            }
            rest = rest[end.upperBound...]
            guard let status = lines.first.flatMap({ Int($0.dropFirst(9).prefix(3)) }) else {
                throw HTTPClient.Failure.malformed(lines.first ?? "")
            }
            if status == 100 { continue }
            func values(_ name: String) -> [String] {
                lines.filter { $0.hasPrefix(name + ": ") }.map { String($0.dropFirst(name.count + 2)) }
            }
            let method = statuses.count < methods.count ? methods[statuses.count] : "GET"
            statuses.append(status)
            ids += values("X-Request-Id")
            lastCloses = values("Connection") == ["close"]
            if method == "HEAD" || status == 204 { continue }
            guard let length = values("Content-Length").first.flatMap({ Int($0) }), length <= rest.count else {
                throw HTTPClient.Failure.cut
            }
            rest = rest.dropFirst(length)
        }
    }
}

extension Desk {
    /// Takes every path of the cases, with every method but TRACE.
    func everything() -> Router {
        let router = Router()
        router.admit = { request in
            // Answered where it stands if nothing follows the head; what has a body is read first.
            request.head.hasBody || ![.get, .head, .post, .put, .patch, .delete, .options].contains(request.method) ? nil : .text("taken")
        }
        for method in [Method.get, .head, .post, .put, .patch, .delete] { router.on(method, "/", echo) }
        for method in [Method.get, .post] { router.on(method, "/{name}", echo) }
        return router
    }
}
