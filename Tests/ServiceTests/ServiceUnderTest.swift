import Bytes
@testable import Command
import EventLoop
import Foundation
import HTTP
import Sandbox
import Testing
import TestSupport

/// The whole service in this process: sandbox upstream, a fresh database, the shared Redis, its loops and its port.
final class ServiceUnderTest {
    let sandboxLoop: Loop
    let sandbox: Local<Sandbox>
    let sandboxAddress: Address
    let client: Loop
    let settings: Settings
    let catalogue: Catalogue
    let backing: Backing
    let service: RunningService

    /// Followed are `nodes` in the source `online`, unless `extra` says otherwise.
    init(_ configuration: Sandbox.Configuration, clock: String, nodes: [String], extra: [String: String] = [:]) throws {
        let sandboxLoop = try Loop(name: "sandbox")
        let instant = try Timestamp.parse(clock)
        let (sandbox, address) = try sandboxLoop.runBlocking { loop in
            var configuration = configuration
            configuration.clockStart = instant
            let sandbox = try Sandbox(configuration, on: loop, address: .tcp(host: "127.0.0.1", port: 0))
            return (loop.keep(sandbox), sandbox.address)
        }
        sandboxLoop.start { loop in await loop[sandbox].run(on: loop) }
        self.sandboxLoop = sandboxLoop
        self.sandbox = sandbox
        sandboxAddress = address
        client = try Loop(name: "client")
        var values = [
            "DATABASE_URL": try TestServers.postgres(), "REDIS_URL": "unix://\(try TestServers.redis())",
            "GAPLESS_PORT": "0", "GAPLESS_CLOCK": clock, "SIP_BASE_URL": "http://\(address)", "SIP_API_KEY": "sandbox",
            "KRAKEN_BASE_URL": "http://\(address)", "KEEPA_BASE_URL": "http://\(address)/keepa",
            "CMG_NODES": nodes.joined(separator: ","), "CMG_SOURCES": "online", "RETRY_DELAY": "PT1S",
            // Requests are counted: nothing is asked for but what a test asks for.
            "LOG_LEVEL": "error", "GAPLESS_SCHEDULES": "off", "GAPLESS_ON_DEMAND": "off",
        ]
        values.merge(extra) { $1 }
        settings = try Settings(SettingsReader(values: values))
        catalogue = try Catalogue(settings)
        let log = Log(level: .error, format: .text)
        backing = try Backing.start(settings, log: log, withCache: true)
        service = try RunningService(settings, catalogue, backing, roles: ["api", "worker", "scheduler"], log: log)
    }

    /// Where the service listens.
    var address: Address { get throws { try #require(service.address) } }

    func stop() {
        service.stop()
        backing.stop()
        let sandbox = sandbox
        try? sandboxLoop.runBlocking { loop in
            await loop[sandbox].end()
            loop.beginClosing()
        }
        sandboxLoop.stop()
        client.stop()
    }

    func get(_ path: String, headers: [(String, String)] = []) throws -> HTTPClient.Answer {
        let address = try self.address
        return try client.runBlocking { loop in
            try await HTTPClient.get(address, path, headers: headers, on: loop, until: .after(.seconds(30)))
        }
    }

    func json(_ path: String) throws -> [String: Any] {
        let answer = try get(path)
        #expect(answer.status == 200, "\(path): \(answer.status) \(answer.text.prefix(500))")
        return try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
    }

    func post(_ path: String, _ body: String) throws -> [String: Any] {
        let address = try self.address
        let answer = try client.runBlocking { loop in
            try await HTTPClient.post(address, path, body: Array(body.utf8), on: loop, until: .after(.seconds(30)))
        }
        return try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
    }

    /// Faults, truth and call log of the upstream.
    func upstream(_ method: String, _ path: String, _ body: String? = nil) throws -> HTTPClient.Answer {
        let address = sandboxAddress
        return try client.runBlocking { loop in
            try await HTTPClient.send(
                method, address, path, headers: [], body: body.map { Array($0.utf8) }, on: loop, until: .after(.seconds(30)))
        }
    }

    /// Asks for an ingestion and follows it to its end.
    func ingest(_ body: String) throws -> [String: Any] {
        let address = try self.address
        let answer = try client.runBlocking { loop in
            try await HTTPClient.post(address, "/v1/ingestions", body: Array(body.utf8), on: loop, until: .after(.seconds(30)))
        }
        #expect(answer.status == 202, "\(answer.text)")
        return try follow(try #require(answer.header("location")))
    }

    /// Looks at a job until it has ended.
    func follow(_ location: String) throws -> [String: Any] {
        let limit = Deadline.after(.seconds(120))
        while Deadline.now < limit {
            let job = try json(location)
            let status = try #require(job["status"] as? String)
            if !["pending", "running"].contains(status) { return job }
            try client.runBlocking { loop in try await loop.sleep(for: .milliseconds(50)) }
        }
        throw Timeout()
    }

    struct Timeout: Error {}
}

/// Counts of an object, by name.
func count(_ object: Any?, _ name: String) -> Int? { ((object as? [String: Any])?[name] as? NSNumber)?.intValue }
