import Bytes
import EventLoop
import Foundation
import HTTP
import Sandbox
import Testing
import TestSupport

/// The real program as a process of its own, against a sandbox in this one and a fresh database.
final class ProgramUnderTest {
    struct Ended {
        let code: Int32
        let output: String
        let errors: String

        var lines: [String] { output.split(separator: "\n").map(String.init) }
        var errorLines: [String] { errors.split(separator: "\n").map(String.init) }
    }

    let database: String
    let sandboxAddress: Address
    private let loop: Loop
    private let sandbox: Local<Sandbox>
    private var environment: [String: String]
    private let directory: String
    private var runs = 0

    static let clock = "2025-12-15T12:00:00-03:00"

    init(nodes: [String] = ["DALCAHUE______110", "CHILOE________220"], extra: [String: String] = [:]) throws {
        var configuration = Sandbox.Configuration()
        configuration.seed = 11
        configuration.quota = 100_000
        configuration.clockStart = try Timestamp.parse(Self.clock)
        let given = configuration
        let loop = try Loop(name: "sandbox")
        let (sandbox, address) = try loop.runBlocking { loop in
            let sandbox = try Sandbox(given, on: loop, address: .tcp(host: "127.0.0.1", port: 0))
            return (loop.keep(sandbox), sandbox.address)
        }
        loop.start { loop in await loop[sandbox].run(on: loop) }
        (self.loop, self.sandbox, sandboxAddress) = (loop, sandbox, address)
        database = try TestServers.postgres()
        directory = try TestServers.ownDirectory()
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        environment = [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "DATABASE_URL": database, "GAPLESS_CLOCK": Self.clock,
            "SIP_BASE_URL": "http://\(address)", "SIP_API_KEY": "sandbox", "SIP_RATE_LIMIT": "100000/PT1H",
            "KRAKEN_BASE_URL": "http://\(address)",
            "CMG_NODES": nodes.joined(separator: ","), "CMG_SOURCES": "online", "RETRY_DELAY": "PT1S", "TERM": "xterm",
        ].merging(extra) { $1 }
    }

    func stop() {
        let sandbox = sandbox
        try? loop.runBlocking { loop in
            await loop[sandbox].end()
            loop.beginClosing()
        }
        loop.stop()
    }

    static func path() throws -> String {
        let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let program = tests.deletingLastPathComponent().appendingPathComponent("gapless").path
        try #require(FileManager.default.isExecutableFile(atPath: program), "\(program) is not built")
        return program
    }

    /// To its end, with nothing on standard input and both outputs in files.
    func run(_ arguments: String..., extra: [String: String] = [:]) throws -> Ended { try run(arguments, extra: extra) }

    func run(_ arguments: [String], extra: [String: String] = [:]) throws -> Ended {
        runs += 1
        let names = ["output", "errors"].map { "\(directory)/\($0)-\(runs)" }
        for name in names { _ = FileManager.default.createFile(atPath: name, contents: nil) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try Self.path())
        process.arguments = arguments
        process.environment = environment.merging(extra) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: names[0])
        process.standardError = FileHandle(forWritingAtPath: names[1])
        try process.run()
        process.waitUntilExit()
        let texts = try names.map { String(decoding: try Data(contentsOf: URL(fileURLWithPath: $0)), as: UTF8.self) }
        return Ended(code: process.terminationStatus, output: texts[0], errors: texts[1])
    }

    /// In a terminal of so many columns.
    func runInTerminal(_ arguments: [String], columns: UInt16 = 80, extra: [String: String] = [:]) throws -> TerminalUnderTest {
        try TerminalUnderTest([try Self.path()] + arguments, environment: environment.merging(extra) { $1 }, columns: columns)
    }
}
