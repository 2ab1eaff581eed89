import EventLoop
import Foundation
import Testing
import Upstream

private let openssl = "/usr/bin/openssl"

@Suite struct TLSTests {
    private func failure(_ fetcher: Fetcher, _ fetch: Fetch) async -> FetchError? {
        do {
            _ = try await fetcher.fetch(fetch)
            return nil
        } catch { return error }
    }

    /// Runs the program to its end.
    private func run(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: openssl)
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: openssl)))
    func certificateThatNobodyVouchesForIsRefused() async throws {
        let folder = NSTemporaryDirectory() + "gapless-tls-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (key, certificate) = (folder + "/key.pem", folder + "/certificate.pem")
        try run([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1", "-addext",
            "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
        ])
        try await withServer { loop, _, fetcher, _ in
            let free = try Listener(.tcp(host: "127.0.0.1", port: 0), on: loop)
            free.close()
            let process = Process()
            process.executableURL = URL(fileURLWithPath: openssl)
            process.arguments = ["s_server", "-accept", "\(free.address)", "-key", key, "-cert", certificate, "-www", "-quiet"]
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            // The child inherits a mask that holds SIGTERM back.
            defer { kill(process.processIdentifier, SIGKILL) }
            let fetch = Fetch(try #require(Base("https://\(free.address)")), "/", credentials: [.query(name: "k", Secret("s3cr3t"))])
            var error = await failure(fetcher, fetch)
            while error?.kind == .connect, process.isRunning { error = await failure(fetcher, fetch) }
            #expect(error?.kind == .certificate)
            #expect(error?.message.contains("certificate") == true && error?.message.contains("s3cr3t") == false)
        }
    }

    @Test func nameThatIsNotThereIsSaidSo() async throws {
        try await withServer { _, _, fetcher, base in
            // RFC 6761, section 6.4: never resolved. Where no name server answers at all, time runs out instead.
            var fetch = Fetch(try #require(Base("http://nobody.invalid")), "/")
            fetch.limits.connect = .seconds(2)
            let kind = await failure(fetcher, fetch)?.kind
            #expect(kind == .resolve || kind == .timeout)
            let fetched = try await fetcher.fetch(Fetch(base, "/hello"))
            #expect(fetched.status == 200)
        }
    }
}
