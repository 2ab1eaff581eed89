import EventLoop
import Foundation
import HTTP
import Postgres
import PrivateServers
import Testing
import TestSupport

/// No secret leaves the program: neither in what it says nor in what it keeps nor in what others see of it. Its own environment
/// (/proc/PID/environ, which its owner alone may read) holds those that were given there, and is not looked at.
@Suite(.serialized) struct SecretTests {
    private let canary: Canary
    private let directory: URL

    init() throws {
        canary = try Canary()
        directory = URL(fileURLWithPath: try TestServers.ownDirectory())
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    private func settings(_ postgres: String, _ upstream: Address) -> [String: String] {
        [
            "DATABASE_URL": "\(postgres) password=\(canary.secret("postgres"))",
            // Nobody listens there: the cache is refused all the time.
            "REDIS_URL": "redis://:\(canary.secret("redis"))@127.0.0.1:1", "SIP_API_KEY": canary.secret("sip"),
            "SIP_BASE_URL": "http://\(upstream)", "SIP_RATE_LIMIT": "100000/PT1H", "GAPLESS_TOKENS": canary.token.entry,
            "KRAKEN_BASE_URL": "http://\(upstream)",
            "ALERT_WEBHOOK_URL": "http://\(upstream)/\(canary.secret("webhook-url"))",
            "ALERT_WEBHOOK_SECRET": canary.secret("webhook-secret"),
            "GAPLESS_PORT": "0", "GAPLESS_CLOCK": "2025-12-15T12:00:00-03:00", "CMG_NODES": "CHILOE________220", "CMG_SOURCES": "online",
            "LOG_LEVEL": "debug", "LOG_FORMAT": "json", "MAX_RETRIES": "0", "RETRY_DELAY": "PT1S",
        ]
    }

    /// All tables as text.
    private func dump(_ postgres: String) throws -> String {
        let output = directory.appendingPathComponent("dump.sql")
        try Child.run(["/usr/bin/env", "pg_dump", "--file=\(output.path)", postgres], log: output.path + ".log")
        return try String(contentsOf: output, encoding: .utf8)
    }

    /// Where the program listens, by its log.
    private func address(of program: ChildProgram, _ loop: Loop) async throws -> Address {
        let limit = Deadline.after(.seconds(120))
        while true {
            if let match = program.said.firstMatch(of: /"address":"http:\/\/127\.0\.0\.1:(\d+)"/), let port = UInt16(match.1) {
                return .tcp(host: "127.0.0.1", port: port)
            }
            // Looked at once more after the limit: on a busy machine this task may have slept through it.
            if Deadline.now > limit || !program.isRunning { break }
            try await loop.run { loop in try await loop.sleep(for: .milliseconds(50)) }
        }
        Issue.record("it does not start: \(program.said.prefix(4000)) ... \(program.said.suffix(500))")
        throw CancellationError()
    }

    @Test func noSecretIsToldAnywhere() async throws {
        let postgres = try TestServers.postgres()
        let upstream = try EchoingUpstream()
        let loop = try Loop(name: "canary")
        defer { loop.stop() }
        let program = try ChildProgram(["serve"], settings(postgres, upstream.address), in: directory, named: "serve")
        defer { program.end(SIGKILL) }
        let address = try await address(of: program, loop)
        let token = canary.token.text
        let answers = Answers()
        func ask(
            _ method: String, _ path: String, _ body: String? = nil, token: String? = nil, more: [(String, String)] = []
        ) async throws {
            let fields = (token.map { [("Authorization", "Bearer \($0)")] } ?? []) + more
            let answer = try await loop.run { loop in
                try await HTTPClient.send(
                    method, address, path, headers: fields, body: body.map { Array($0.utf8) }, on: loop, until: .after(.seconds(60)))
            }
            let head = answer.headers.map { "\($0.name): \($0.value)" }.joined(separator: "\n")
            answers.add("\(method) \(path.prefix(20)) \(answer.status)\n\(head)\n\(answer.text)")
        }
        for (day, manner) in EchoingUpstream.Manner.allCases.enumerated() {
            upstream.behave(manner)
            let range = #""from":"2025-12-\#(10 + day % 5)","to":"2025-12-\#(11 + day % 5)","node":"CHILOE________220""#
            let wait = manner == .throttled ? "wait=2" : "wait=20"
            try await ask("POST", "/v1/ingestions", #"{"dataset":"cmg",\#(range)}"#, token: token, more: [("Prefer", wait)])
            if manner == .throttled { upstream.behave(.unauthorized) }
        }
        #expect(upstream.requests > 0)
        upstream.stop()
        // Now it refuses connections.
        let last = #"{"dataset":"cmg","from":"2025-12-01","to":"2025-12-02"}"#
        try await ask("POST", "/v1/ingestions", last, token: token, more: [("Prefer", "wait=5")])
        for path in [
            "/", "/metrics", "/healthz", "/readyz", "/v1/datasets", "/v1/datasets/cmg", "/v1/ingestions", "/v1/audit", "/v1/audit/calls/1",
            "/v1/audit/calls/2", "/v1/cmg/completeness", "/v1/cmg/gaps", "/v1/cmg/revisions", "/v1/alerts", "/nothing",
            "/v1/cmg/slots/2025-12-10T05?node=CHILOE________220&source=online", "/v1/cmg/history?from=2025-12-10&to=2025-12-11",
        ] {
            try await ask("GET", path, token: token)
            try await ask("GET", path, token: token + "x")
            // What people do although they should not.
            try await ask("GET", path + (path.contains("?") ? "&" : "?") + "access_token=\(token)", token: token)
        }
        try await ask("POST", "/v1/plans", "{\"dataset\":\"cmg\",\"from\":\"nonsense\"}", token: token)
        try await ask("POST", "/v1/plans", "[[[", token: token, more: [("Cookie", "a=\(token)"), ("X-Request-Id", "a b")])

        var leaks = canary.leaks(in: answers.text, from: "answers")
        leaks += canary.leaks(in: Canary.commandLines(), from: "command lines")
        leaks += canary.leaks(in: try dump(postgres), from: "Postgres")
        // Its last words too.
        program.end(SIGTERM)
        let said = program.said
        #expect(said.contains(#""level":"debug""#) && said.contains("upstream request") && said.contains("task ended"))
        leaks += canary.leaks(in: said, from: "log")
        #expect(leaks.isEmpty, "\(leaks.joined(separator: "\n"))")
    }

    /// Settings that cannot be read are refused by name, never by value.
    @Test func refusalsDoNotRepeatSecrets() throws {
        let (postgres, sip) = (canary.secret("postgres"), canary.secret("sip"))
        let cases: [[String: String]] = [
            ["DATABASE_URL": "postgresql://gapless:\(postgres)@[bad/db"],
            ["DATABASE_URL": "host=127.0.0.1 port=1 user=g password=\(postgres)", "GAPLESS_PORT": "0"],
            ["DATABASE_URL": "password=\(postgres) nonsense", "GAPLESS_PORT": "0"],
            ["REDIS_URL": "http://:\(canary.secret("redis"))@x", "DATABASE_URL": "host=/none", "GAPLESS_PORT": "0"],
            ["SIP_API_KEY": "\(sip) with a space"], ["SIP_BASE_URL": "https://user:\(sip)@sip.example"],
            ["SIP_BASE_URL": "https://sip.example/?user_key=\(sip)"], ["GAPLESS_TOKENS": "me:admin:\(canary.token.text)"],
            ["GAPLESS_TOKENS": canary.token.text], ["GAPLESS_HOST": "0.0.0.0"],
            ["ALERT_WEBHOOK_URL": "ftp://\(canary.secret("webhook-url"))"], ["LOG_LEVEL": "loud", "SIP_API_KEY": sip],
        ]
        for (number, environment) in cases.enumerated() {
            // Ends at once: what stands last is wrong in each of them, whatever is right before it.
            let settings = ["GAPLESS_PORT": "none", "GAPLESS_DATA_DIR": directory.path].merging(environment) { $1 }
            let program = try ChildProgram(["serve"], settings, in: directory, named: "refusal-\(number)")
            #expect(program.end() != 0)
            let leaks = canary.leaks(in: program.said, from: "\(environment.keys.sorted())")
            #expect(leaks.isEmpty, "\(leaks)")
            #expect(program.said.contains("gapless: "), "\(program.said)")
        }
    }

    /// Who looks sees what is there: planted in each place, each secret is found.
    @Test func aPlantedLeakIsSeen() async throws {
        let postgres = try TestServers.postgres()
        let loop = try Loop(name: "planted")
        defer { loop.stop() }
        for (name, secret) in canary.secrets {
            #expect(canary.leaks(in: "a log line with \(secret) in it", from: "log").map { $0.hasPrefix("\(name) in log") } == [true])
        }
        let secret = canary.secret("sip")
        try await loop.run { loop in
            let connection = try await PostgresConnection.connect(try PostgresConfiguration(postgres), on: loop)
            defer { connection.close() }
            _ = try await connection.script("create table planted as select '{\"url\": \"?k=\(secret)\"}'::jsonb as note")
        }
        #expect(canary.leaks(in: try dump(postgres), from: "Postgres").count == 1)
        // A process that looks at its own command line, and all others', while it runs.
        let lines = directory.appendingPathComponent("lines")
        try Child.run(["/bin/sh", "-c", "cat /proc/$$/cmdline > \(lines.path) # \(secret)"], log: lines.path + ".log")
        let line = try String(contentsOf: lines, encoding: .utf8)
        #expect(canary.leaks(in: line, from: "command lines").count == 1)
    }

    private final class Answers {
        private(set) var text = ""
        func add(_ answer: String) { text += answer + "\n\n" }
    }
}
