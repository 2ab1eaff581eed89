@testable import Answers
import EventLoop
import Redis
import Store
import Testing
import TestSupport

/// A cache that lies: whatever it says, no answer is wrong.
@Suite struct RedisLieTests {
    /// A server that speaks the protocol's outer form and nothing true. Values are made of those that it was given.
    final class Liar {
        let listener: Listener
        var random: Seeded
        var told: [[UInt8]] = []
        var broken = 0
        var connections = 0

        init(_ listener: Listener, seed: UInt64) {
            self.listener = listener
            random = Seeded(seed, isTold: false)
        }

        /// The reply to one command, and whether the connection is broken by it.
        func reply() -> (bytes: [UInt8], isBroken: Bool) {
            func bulk(_ value: [UInt8]) -> [UInt8] { Array("$\(value.count)\r\n".utf8) + value + [13, 10] }
            let value = told.randomElement(using: &random) ?? []
            switch Int.random(in: 0..<16, using: &random) {
            case 0: return (Array("$-1\r\n".utf8), false)
            case 1: return (Array("+OK\r\n".utf8), false)
            case 2: return (Array(":1\r\n".utf8), false)
            case 3: return (Array("-ERR no\r\n".utf8), false)
            case 4: return (Array("*1\r\n$1\r\nx\r\n".utf8), false)
            case 5: return (Array("$999999999999\r\n".utf8), true)
            case 6: return (bulk(value).dropLast(Int.random(in: 1...(value.count + 2), using: &random)), true)
            case 7: return ((0..<40).map { _ in UInt8.random(in: 0...255, using: &random) } + [13, 10], true)
            // Another key's, or of an older time.
            case 8, 9, 10: return (bulk(value), false)
            case 11:
                let older = String(decoding: value, as: UTF8.self).replacing("answer \(StoredAnswer.schema)", with: "answer 0")
                return (bulk(Array(older.utf8)), false)
            case 12: return (bulk((0..<value.count).map { _ in UInt8.random(in: 0...255, using: &random) }), false)
            case 13: return (bulk(Array(value.prefix(Int.random(in: 0...value.count, using: &random)))), false)
            case 14: return (bulk(value + value), false)
            default:
                var changed = value
                let bit = UInt8(1) << UInt8.random(in: 0..<8, using: &random)
                if !changed.isEmpty { changed[Int.random(in: 0..<changed.count, using: &random)] ^= bit }
                return (bulk(changed), false)
            }
        }

        func serve() async throws {
            while true {
                let stream = try Stream(try await listener.accept(), on: listener.loop)
                connections += 1
                defer { stream.close() }
                while true {
                    let asked = try await stream.read(upTo: 1 << 16, until: .never)
                    if asked.isEmpty { break }
                    let (bytes, isBroken) = reply()
                    try? await stream.write(bytes)
                    if isBroken {
                        broken += 1
                        break
                    }
                }
            }
        }
    }

    @Test func tenThousandLiesAndNotOneWrongAnswer() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        let loop = try Loop(name: "lies")
        defer { loop.stop() }
        try await loop.run { loop in
            let liar = Liar(try Listener(.tcp(host: "127.0.0.1", port: 0), on: loop), seed: seed)
            let now = Int64(ServiceClock.realNow * 1000)
            // True in themselves: of other keys, other versions, and of this key at another time's version.
            for number in 0..<40 {
                let body = Array("wrong \(number)".utf8)
                let stored = StoredAnswer(
                    body: body, contentType: "application/json", etag: StoredAnswer.etag(of: body), headers: [], nextCursor: nil,
                    version: Int64(number % 9), storedAt: now - 10, validUntil: now + 3_600_000)
                liar.told.append(stored.encoded(key: "gapless:\(StoredAnswer.schema):s:d:\(number % 9):0:\(number)"))
            }
            let token = loop.keep(liar)
            loop.start { loop in try? await loop[token].serve() }
            var configuration = RedisConfiguration(liar.listener.address)
            configuration.connectTimeout = .seconds(20)
            configuration.commandTimeout = .seconds(20)
            configuration.probeInterval = .zero
            let redis = RedisConnection(configuration, on: loop)
            let count = Counted()
            // Without a memory: each answer goes the whole way.
            let cache = ResponseCache(loop: loop, redis: redis, hotBytesMax: 0) { event in
                if event == .rejected { count.rejected += 1 }
            }
            for number in 0..<10_000 {
                let truth = Array("right \(number % 7)".utf8)
                let version = CacheVersion(store: "s", dataset: "d", number: Int64(number % 9), changedAt: 0)
                // A lie about the turn may say that another makes it: nobody waits here.
                let answer = try await cache.answer(to: .dataset("\(number % 7)"), at: version, isAway: { true }) {
                    FreshAnswer(
                        body: truth, contentType: "application/json", version: version.number, changedAt: 0,
                        validUntil: Int64(ServiceClock.realNow * 1000) + 60_000)
                }
                #expect(answer.body == truth, "seed \(seed)")
            }
            #expect(count.rejected > 1000, "\(count.rejected), seed \(seed)")
            // Whatever broke the protocol ended its connection.
            #expect(liar.broken > 500 && liar.connections >= liar.broken, "\(liar.broken) of \(liar.connections), seed \(seed)")
            redis.close()
            liar.listener.close()
            loop.beginClosing()
        }
    }

    final class Counted { var rejected = 0 }
}
