import EventLoop
import Synchronization

@testable import HTTP

/// Eight clients that ask without a pause until nobody answers: four keep their connections, four take a new one each time.
final class Load: Sendable {
    struct Counts {
        var answered = 0
        /// Asked on a connection that had been answered before, and got nothing.
        var keptUnanswered = 0
        /// Could not connect any more.
        var refused = 0
    }

    private let tally = Mutex(Counts())
    private let address: Address
    private static let request = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)

    init(_ address: Address) { self.address = address }

    var counts: Counts { tally.withLock { $0 } }

    func run(on loop: isolated Loop) async {
        await withDiscardingTaskGroup { group in
            for client in 0..<8 {
                group.addTask { await loop.enter { loop in await self.ask(on: loop, keeping: client < 4) } }
            }
        }
    }

    private func ask(on loop: isolated Loop, keeping: Bool) async {
        while let stream = try? await Stream.connect(to: address, on: loop, until: .after(.seconds(10))) {
            defer { stream.close() }
            var asked = 0
            repeat {
                guard let closes = try? await one(stream) else {
                    if asked > 0 { tally.withLock { $0.keptUnanswered += 1 } }
                    break
                }
                tally.withLock { $0.answered += 1 }
                asked += 1
                if closes { break }
            } while keeping
        }
        tally.withLock { $0.refused += 1 }
    }

    /// Whether the answer is the connection's last; throws where there is none.
    private func one(_ stream: Stream) async throws -> Bool {
        try await stream.write(Self.request)
        var bytes: [UInt8] = []
        while !bytes.reversed().starts(with: "hello".utf8.reversed()) {
            let piece = try await stream.read(upTo: 4096, until: .after(.seconds(10)))
            if piece.isEmpty { throw HTTPClient.Failure.cut }
            bytes += piece
        }
        return String(decoding: bytes, as: UTF8.self).contains("Connection: close")
    }
}
