import EventLoop
import Foundation
import HTTP
import Testing
import TestSupport

/// What happens when a process has no descriptor left: in a process of its own, with real descriptors.
@Suite struct DescriptorTests {
    @Test func acceptingRestsWhileDescriptorsHaveRunOutAndHeals() async throws {
        let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let program = tests.deletingLastPathComponent().appendingPathComponent("gapless")
        try #require(FileManager.default.isExecutableFile(atPath: program.path), "\(program.path) is not built")
        let output = Pipe()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/prlimit")
        process.arguments = ["--nofile=48", program.path, "sandbox", "--port", "0"]
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let port = try #require(line.split(separator: ":").dropFirst(3).first.flatMap { UInt16($0.prefix { $0.isNumber }) }, "\(line)")
        let address = Address.tcp(host: "127.0.0.1", port: port)
        let loop = try Loop(name: "descriptors")
        defer { loop.stop() }
        try await loop.run { loop in
            // The kernel takes them all; the program has no number for most of them.
            var held: [EventLoop.Stream] = []
            for _ in 0..<100 { held.append(try await .connect(to: address, on: loop, until: .after(.seconds(10)))) }
            let late = try await EventLoop.Stream.connect(to: address, on: loop, until: .after(.seconds(10)))
            try await late.write(Array("GET /_sandbox/calls HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".utf8))
            await #expect(throws: WaitError.timedOut, "who comes when none is left waits") {
                _ = try await late.read(upTo: 64, until: .after(.milliseconds(500)))
            }
            for stream in held { stream.close() }
            let answer = try await late.read(upTo: 64, until: .after(.seconds(30)))
            #expect(String(decoding: answer, as: UTF8.self).hasPrefix("HTTP/1.1 200"))
            late.close()
        }
    }
}
