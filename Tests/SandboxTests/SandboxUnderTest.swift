import EventLoop
import HTTP

@testable import Sandbox

/// A sandbox on a loop of its own, and a way to ask it.
struct SandboxUnderTest: Sendable {
    let address: Address

    static func with(
        _ configuration: @escaping @Sendable () -> Sandbox.Configuration,
        _ body: @escaping @Sendable (isolated Loop, SandboxUnderTest) async throws -> Void
    ) async throws {
        let loop = try Loop(name: "sandbox-test")
        defer { loop.stop() }
        try await loop.run { loop in
            let sandbox = try Sandbox(configuration(), on: loop, address: .tcp(host: "127.0.0.1", port: 0))
            let local = loop.keep(sandbox)
            let address = sandbox.address
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await loop.enter { loop in await loop[local].run(on: loop) } }
                defer { loop.beginClosing() }
                try await body(loop, SandboxUnderTest(address: address))
            }
        }
    }

    func get(_ path: String, on loop: Loop, until deadline: Deadline = .after(.seconds(30))) async throws -> HTTPClient.Answer {
        try await HTTPClient.get(address, path, on: loop, until: deadline)
    }

    func put(_ faults: String, on loop: Loop) async throws -> Int {
        try await HTTPClient.send(
            "PUT", address, "/_sandbox/faults", headers: [], body: Array(faults.utf8), on: loop, until: .after(.seconds(30))
        ).status
    }
}
