import API
import EventLoop
import Foundation
import HTTP
import Synchronization

/// Secrets that no text but their own settings may hold, and who looks for them.
struct Canary {
    /// By where each is given to the program.
    let secrets: [String: String]
    let token: (text: String, entry: String)

    init() throws {
        var made: [String: String] = [:]
        for place in ["sip", "postgres", "redis", "webhook-url", "webhook-secret"] {
            made[place] = "canary" + String((0..<24).map { _ in "abcdefghijkmnpqrstuvwxyz23456789".randomElement() ?? "a" })
        }
        token = try Token.make(name: "watcher", scope: .admin)
        made["token"] = token.text
        secrets = made
    }

    func secret(_ place: String) -> String { secrets[place] ?? "" }

    /// Where a secret stands in a text: `sip in ...`, with what is about it.
    func leaks(in text: String, from place: String) -> [String] {
        secrets.compactMap { name, secret in
            guard let range = text.range(of: secret) else { return nil }
            let start = text.index(range.lowerBound, offsetBy: -80, limitedBy: text.startIndex) ?? text.startIndex
            return "\(name) in \(place): \(text[start..<range.lowerBound])***"
        }
    }

    /// Command lines of every process of the machine.
    static func commandLines() -> String {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.filter { Int($0) != nil }.map { process in
            let bytes = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") ?? Data()
            return String(decoding: bytes.map { $0 == 0 ? 32 : $0 }, as: UTF8.self)
        }.joined(separator: "\n")
    }
}

/// The program as a child process, with its output in files.
final class ChildProgram {
    private let process = Process()
    private let output: URL
    private let errors: URL

    init(_ arguments: [String], _ environment: [String: String], in directory: URL, named name: String) throws {
        let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        output = directory.appendingPathComponent("\(name).out")
        errors = directory.appendingPathComponent("\(name).err")
        for file in [output, errors] { try Data().write(to: file) }
        process.executableURL = tests.deletingLastPathComponent().appendingPathComponent("gapless")
        process.arguments = arguments
        process.environment = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""].merging(environment) { $1 }
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
    }

    var identifier: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }

    /// All that it has said.
    var said: String {
        [output, errors].map { String(decoding: (try? Data(contentsOf: $0)) ?? Data(), as: UTF8.self) }.joined(separator: "\n")
    }

    /// Waits for its end; the exit code, or the signal's number.
    @discardableResult
    func end(_ signal: Int32? = nil) -> Int32 {
        if let signal, process.isRunning { kill(process.processIdentifier, signal) }
        // Not waitUntilExit, which waits for whoever was started meanwhile and has inherited its descriptor.
        let number = process.processIdentifier
        while let text = try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8), !text.contains(") Z") { usleep(10_000) }
        return process.isRunning ? 1 : process.terminationStatus
    }
}

/// An upstream that repeats all that it is told, the key too, in whatever way it is set to fail.
final class EchoingUpstream: Sendable {
    enum Manner: String, CaseIterable { case unauthorized, broken, redirect, garbage, throttled, unknownFields }

    let loop: Loop
    let address: Address
    private let server: Local<Server>
    private let shared: (manner: SharedManner, counter: SharedCounter)

    private final class SharedManner: Sendable { let value = Mutex(Manner.broken) }
    private final class SharedCounter: Sendable { let count = Atomic(0) }

    init() throws {
        let loop = try Loop(name: "echo")
        let manner = SharedManner()
        let counter = SharedCounter()
        (server, address) = try loop.runBlocking { loop in
            let router = Router()
            router.admit = { request in
                counter.count.wrappingAdd(1, ordering: .relaxed)
                return EchoingUpstream.answer(request.target, manner.value.withLock { $0 })
            }
            let server = try Server(loop: loop, address: .tcp(host: "127.0.0.1", port: 0), router: router)
            return (loop.keep(server), server.address)
        }
        let server = server
        loop.start { loop in await loop[server].run(on: loop) }
        self.loop = loop
        shared = (manner, counter)
    }

    var requests: Int { shared.counter.count.load(ordering: .relaxed) }

    func behave(_ manner: Manner) { shared.manner.value.withLock { $0 = manner } }

    private static func answer(_ target: String, _ manner: Manner) -> Response {
        let echo = "You asked for \(target)"
        switch manner {
        case .unauthorized: return .text(echo, status: 401)
        case .broken: return .text(echo, status: 500)
        case .garbage: return .text("<html>\(echo)</html>")
        case .unknownFields: return .json(Array(#"{"data":"\#(echo)","totalPages":"\#(echo)","message":"\#(echo)"}"#.utf8))
        case .throttled:
            var response = Response.text(echo, status: 429)
            response.fields.add("Retry-After", "1; \(echo)")
            return response
        case .redirect:
            var response = Response.text(echo, status: 302)
            response.fields.add("Location", "http://127.0.0.1:1\(target)")
            return response
        }
    }

    func stop() {
        let server = server
        try? loop.runBlocking { loop in
            await loop[server].end(within: .seconds(1))
            loop.beginClosing()
        }
        loop.stop()
    }
}
