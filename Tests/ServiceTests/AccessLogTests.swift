@testable import API
@testable import Command
import EventLoop
import Foundation
import HTTP
import Testing

/// Both ends of a pipe or of a socket, as small as the kernel makes them; only the reading one is told not to wait.
private final class SmallPipe {
    private var ends: [Int32] = [0, 0]

    init(isSocket: Bool) throws {
        if isSocket {
            try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
            var size: Int32 = 4096
            setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &size, 4)
        } else {
            try #require(pipe(&ends) == 0)
            // F_SETPIPE_SZ (fcntl(2)), a number that the C library's module does not hand on.
            _ = fcntl(ends[0], 1031, 4096)
        }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    }

    deinit { ends.forEach { close($0) } }

    var writing: Int32 { ends[1] }

    /// What lies in it.
    func take() -> String {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(ends[0], &piece, piece.count)
            if count <= 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += piece[..<count]
        }
    }
}

@Suite struct AccessLogTests {
    /// Serves two routes and a log to a file; sends what `messages` hold, one connection each, and gives back the lines.
    private static func lines(
        _ format: Log.Format, level: Log.Level = .info, isOn: Bool = true, tokens: Bool = false, _ messages: [[UInt8]]
    ) async throws -> [String] {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("access-\(UUID().uuidString)")
        let descriptor = open(file.path, O_CREAT | O_RDWR | O_APPEND, 0o600)
        try #require(descriptor >= 0)
        defer {
            close(descriptor)
            try? FileManager.default.removeItem(at: file)
        }
        let loop = try Loop(name: "access test")
        defer { loop.stop() }
        try await loop.run { loop in
            let access = AccessLog(on: loop, log: Log(level: level, format: format, sink: LogSink(descriptor)), isOn: isOn)
            let router = Router()
            router.get("/healthz") { _ in .text("ok") }
            router.get("/v1/{name}") { request in
                if tokens { request.client = "dash" }
                return .text("four")
            }
            router.get("/broken") { _ in .text("no", status: 500) }
            let server = try Server(loop: loop, address: .tcp(host: "127.0.0.1", port: 0), router: router) { access.write($0) }
            let local = loop.keep(server), kept = loop.keep(access)
            loop.start { loop in await loop[local].run(on: loop) }
            loop.start { loop in await loop[kept].run() }
            for message in messages {
                let stream = try await EventLoop.Stream.connect(to: server.address, on: loop, until: .after(.seconds(10)))
                try await stream.write(message)
                stream.endWriting()
                while try await !stream.read(upTo: 4096, until: .after(.seconds(10))).isEmpty {}
            }
            await server.end(within: .seconds(5))
            access.flush()
            loop.beginClosing()
        }
        let text = try String(contentsOf: file, encoding: .utf8)
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    private static func message(_ target: String, _ fields: String = "") -> [UInt8] {
        Array("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n".utf8)
    }

    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    @Test func aLineTellsOfARequest() async throws {
        let fields = "X-Request-Id: mine-1\r\nUser-Agent: curl/8.0 (x)\r\ntraceparent: 00-\(Self.trace)-00f067aa0ba902b7-01\r\n"
            + "Authorization: Bearer hunter2\r\nX-Forwarded-For: 203.0.113.7\r\n"
        let lines = try await Self.lines(.json, tokens: true, [Self.message("/v1/cmg?from=2025", fields)])
        try #require(lines.count == 1)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any])
        let expected = [
            "level": "info", "event": "request", "method": "GET", "target": "/v1/cmg?from=2025", "route": "/v1/{name}", "id": "mine-1",
            "peer": "127.0.0.1", "token": "dash", "agent": "curl/8.0 (x)", "trace": Self.trace,
        ]
        for (name, value) in expected { #expect(object[name] as? String == value, "\(name)") }
        #expect(object["status"] as? Int == 200 && object["bytes"] as? Int == 4)
        #expect((object["seconds"] as? Double ?? -1) >= 0)
        #expect((object["time"] as? String)?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
        #expect(Set(object.keys) == Set(expected.keys).union(["status", "bytes", "seconds", "time"]))

        let text = try await Self.lines(.text, [Self.message("/v1/cmg?from=2025", fields)])
        try #require(text.count == 1)
        #expect(text[0].contains(" info request method=GET target=\"/v1/cmg?from=2025\" route=/v1/{name} status=200 bytes=4 seconds=0."))
        #expect(text[0].hasSuffix(" id=mine-1 peer=127.0.0.1 agent=\"curl/8.0 (x)\" trace=\(Self.trace)"))
        #expect(!(lines[0] + text[0]).contains("hunter2"))
    }

    /// Whatever a client sends: as many lines as requests, each whole, plain ASCII, and none of them the client's.
    @Test(arguments: [Log.Format.json, .text])
    func nothingAClientSendsIsALine(format: Log.Format) async throws {
        let forged = #"{"time":"2026-01-01T00:00:00Z","level":"error","event":"forged"}"#
        let messages: [[UInt8]] = [
            Self.message("/v1/a%0d%0a" + #"{%22event%22:%22forged%22}"#), Self.message("/v1/a%1b%5b31m"),
            Self.message("/v1/a", "User-Agent: x\", \"event\":\"forged\r\n"), Self.message("/v1/a", "User-Agent: \(forged)\r\n"),
            Self.message("/v1/a", "User-Agent: a\tb=c\\\r\n"), Self.message("/v1/a", "User-Agent: \u{9B}31m \u{202E}abc é \u{1F600}\r\n"),
            Array("GET /v1/a HTTP/1.1\r\nHost: localhost\r\nUser-Agent: ".utf8) + [0x9B, 0xFF, 0xC3] + Array("\r\n\r\n".utf8),
            Self.message("/v1/a", "User-Agent: \u{1B}[31m\r\n"), Self.message("/v1/a", "X-Request-Id: a b\r\n"),
            Self.message("/v1/a", "X-Request-Id: \(forged)\r\n"), Self.message("/v1/" + String(repeating: "y", count: 5000)),
            Self.message("/v1/a", "User-Agent: " + String(repeating: "é\"", count: 4000) + "\r\n"),
            Array("GET /v1/a HTTP/1.1\r\nHost: a\r\nX: \u{1B}[2J\n\(forged)\r\n\r\n".utf8), Array("\u{1B}[31m\r\n\r\n".utf8),
        ]
        let lines = try await Self.lines(format, messages)
        #expect(lines.count == messages.count)
        for line in lines {
            #expect(line.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }, "\(line)")
            #expect(line.utf8.count < 12_000)
            switch format {
            case .json:
                let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
                #expect(object["event"] as? String == "request")
            case .text: #expect(line.wholeMatch(of: /\S+Z info request method=.*/) != nil, "\(line)")
            }
        }
    }

    @Test(arguments: [
        ("/v1/a?access_token=gapless_7QA2mIHJGOGhc1wNyTJO-_kC&x=1", "/v1/a?access_token=gapless_***&x=1"),
        ("gapless_aa/gapless_bb", "gapless_***/gapless_***"), ("/v1/gaps", "/v1/gaps"), ("gapless_", "gapless_***"),
    ])
    func tokensInTargetsAreMasked(_ text: String, _ shown: String) {
        #expect(String(decoding: AccessLog.masked(Array(text.utf8)[...]), as: UTF8.self) == shown)
    }

    @Test func whatIsToldAtWhichLevel() async throws {
        let messages = [Self.message("/healthz"), Self.message("/v1/a"), Self.message("/broken"), Self.message("/none")]
        func routes(_ lines: [String]) -> [String] {
            lines.map { line in String(line.split(separator: "route=")[1].prefix { $0 != " " }) }
        }
        #expect(routes(try await Self.lines(.text, messages)) == ["/v1/{name}", "/broken", "-"])
        #expect(routes(try await Self.lines(.text, level: .debug, messages)) == ["/healthz", "/v1/{name}", "/broken", "-"])
        #expect(routes(try await Self.lines(.text, level: .warning, messages)) == ["/broken"])
        #expect(routes(try await Self.lines(.text, isOn: false, messages)) == ["/broken"])
    }

    /// A pipe that nobody reads: nothing waits, what is lost is counted, and what arrives is whole lines.
    @Test(arguments: [false, true])
    func aFullPipeLosesLinesAndCountsThem(isSocket: Bool) throws {
        let pipe = try SmallPipe(isSocket: isSocket)
        let sink = LogSink(pipe.writing)
        var sent = 0
        var arrived: [Substring] = []
        for round in 0..<40 {
            var lines = ""
            for _ in 0..<50 {
                lines += "{\"line\":\(sent),\"fill\":\"\(String(repeating: "x", count: sent % 173))\"}\n"
                sent += 1
            }
            sink.write(Array(lines.utf8))
            if round % 3 == 2 {
                let text = pipe.take()
                // A line may have been taken in part: its rest comes first of all that is written next.
                arrived.append(contentsOf: [Substring(text)])
            }
        }
        arrived.append(Substring(pipe.take()))
        sink.write([])
        arrived.append(Substring(pipe.take()))
        let whole = arrived.joined().split(separator: "\n")
        #expect(sink.droppedLines > 0)
        #expect(whole.count + sink.droppedLines == sent)
        for line in whole { #expect((try? JSONSerialization.jsonObject(with: Data(line.utf8))) != nil, "\(line)") }
    }
}
