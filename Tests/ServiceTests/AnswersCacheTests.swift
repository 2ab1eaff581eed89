@testable import Answers
import Bytes
import EventLoop
import Postgres
import PrivateServers
import Redis
import Series
import Store
import Testing
import TestSupport

@Suite struct AnswersCacheTests {
    private static let now = "2025-12-10T12:00:00-03:00"
    private static let day = ("2025-12-01T00:00:00-03:00", "2025-12-02T00:00:00-03:00")

    private static func fill(_ test: ReaderUnderTest) async throws -> HistoryQuery {
        try await test.fill("a/online", day.0, day.1)
        return try test.query(day.0, day.1)
    }

    @Test func theFirstFillsTheSecondIsHotAndAnotherReaderFindsItInRedis() async throws {
        try await ReaderUnderTest.with(now: Self.now, redis: try TestServers.redis()) { _, test in
            let query = try await Self.fill(test)
            #expect(test.reader.cached(query) == nil)
            let first = try await test.reader.history(query)
            #expect(first.cacheStatus == "fwd=uri-miss; stored" && test.takeEvents() == [.filled(dataset: "quarters")])
            let second = try #require(test.reader.cached(query))
            #expect(second.body == first.body && second.etag == first.etag && second.cacheStatus == "hit; ttl=\(second.maxAge)")
            #expect((3590...3600).contains(second.maxAge) && test.takeEvents() == [.hot])
            let other = test.another()
            let third = try await other.history(query)
            #expect(third.body == first.body && third.etag == first.etag && third.headers.map(\.1) == first.headers.map(\.1))
            #expect(third.cacheStatus.hasPrefix("hit; ttl=") && test.takeEvents() == [.hit])
            // Equal questions are equal however they are written, and another format is another answer.
            var same = HistoryQuery(
                dataset: "quarters", keys: ["source": ["online", "online"], "node": ["a"]], from: query.from, to: query.to)
            #expect(other.cached(same) != nil)
            same.format = .csv
            #expect(other.cached(same) == nil)
        }
    }

    @Test func manyWhoAskAtOnceAreOneFill() async throws {
        try await ReaderUnderTest.with(now: Self.now, redis: try TestServers.redis()) { loop, test in
            let query = try await Self.fill(test)
            try await test.reader.readVersions()
            let reader = loop.keep(test.reader)
            let answers = try await withThrowingTaskGroup(of: (String, String).self) { group in
                for _ in 0..<50 { group.addTask { try await Self.ask(query, of: reader, on: loop) } }
                var answers: [(String, String)] = []
                while let answer = try await group.next() { answers.append(answer) }
                return answers
            }
            #expect(Set(answers.map(\.0)).count == 1)
            #expect(answers.count { $0.1 == "fwd=uri-miss; stored" } == 1 && answers.count { $0.1 == "fwd=uri-miss; collapsed" } == 49)
            let events = test.takeEvents()
            #expect(events.count { $0 == .filled(dataset: "quarters") } == 1 && events.count { $0 == .collapsed } == 49)
        }
    }

    private static func ask(_ query: HistoryQuery, of reader: Local<Reader>, on loop: Loop) async throws -> (String, String) {
        try await loop.enter { loop in
            let answer = try await loop[reader].history(query)
            return (answer.etag, answer.cacheStatus)
        }
    }

    @Test func aFailedFillFailsAllWhoWaitAndIsNotKept() async throws {
        try await ReaderUnderTest.with(now: Self.now) { _, test in
            let query = try await Self.fill(test)
            let hot = try await test.reader.history(query)
            test.store.pool.close()
            // What is kept is answered on; what is not says when to come back.
            #expect(try await test.reader.history(query).body == hot.body)
            var other = query
            other.to -= 3600
            let unknown = other
            #expect(try await answerError { _ = try await test.reader.history(unknown) } == .storeUnavailable(retryAfter: 1))
            #expect(try await answerError { _ = try await test.another().history(query) } == .storeUnavailable(retryAfter: 1))
        }
    }

    @Test func aNewVersionIsSeenAtTheNextLookAndAtOnceByWhoFills() async throws {
        try await ReaderUnderTest.with(now: Self.now, redis: try TestServers.redis()) { _, test in
            let query = try await Self.fill(test)
            let before = try await test.reader.history(query)
            try await test.fill("b/online", Self.day.0, Self.day.1)
            var both = query
            both.keys["node"] = ["a", "b"]
            // A fill sees the newer version, and what was made of the older one is not given any more.
            #expect(try JSONAnswer(await test.reader.history(both)).rows.count == 48)
            #expect(test.reader.cached(query) == nil)
            _ = try await test.reader.history(query)
            let id = try #require(test.ids["a/online"])
            try await test.store([StoredRow(seriesID: id, time: query.from, values: [.decimal(.one), .null])])
            try await test.reader.readVersions()
            #expect(test.reader.cached(query) == nil)
            let after = try await test.reader.history(query)
            #expect(after.etag != before.etag)
            // A reader that comes later starts with the version of the day, not with an older answer in Redis.
            #expect(try await test.another().history(query).body == after.body)
        }
    }

    @Test func validityEndsWhenTheNextSlotFallsDue() async throws {
        // What ends at 09:00 is due three hours later: in ten minutes.
        try await ReaderUnderTest.with(now: "2025-12-10T11:50:00-03:00") { _, test in
            let open = try test.query("2025-12-10T00:00:00-03:00", "2025-12-11T00:00:00-03:00")
            let answer = try await test.reader.history(open)
            #expect((590...600).contains(answer.maxAge))
            // Wholly due: nothing but a new version changes it.
            let closed = try test.query("2025-12-10T00:00:00-03:00", "2025-12-10T08:00:00-03:00")
            #expect(try await test.reader.history(closed).maxAge > 3500)
            // Without a range the answer moves with the clock: the slot in progress ends in ten minutes too.
            let report = try await test.reader.completeness(CompletenessQuery(dataset: "quarters", keys: ["source": ["real"]]))
            #expect((590...600).contains(report.maxAge))
        }
    }

    @Test func withoutRedisEveryAnswerIsRight() async throws {
        let socket = try TestServers.ownDirectory() + "-nobody-listens"
        try await ReaderUnderTest.with(now: Self.now, redis: socket) { _, test in
            let query = try await Self.fill(test)
            let answer = try await test.reader.history(query)
            #expect(answer.cacheStatus == "fwd=bypass; detail=redis-down")
            #expect(try JSONAnswer(answer).rows.count == 24)
            // This process remembers all the same.
            #expect(try await test.reader.history(query).cacheStatus.hasPrefix("hit"))
            #expect(test.takeEvents() == [.bypassed, .filled(dataset: "quarters"), .breakerOpened, .hot])
        }
    }

    @Test func aFlushedRedisIsFilledAnew() async throws {
        let own = try TestServers.ownRedis()
        defer { own.stop() }
        try await ReaderUnderTest.with(now: Self.now, redis: own.socket) { _, test in
            let query = try await Self.fill(test)
            let first = try await test.reader.history(query)
            _ = try await test.redis?.command([Array("FLUSHALL".utf8)])
            test.forget()
            #expect(try await test.reader.history(query).body == first.body)
            #expect(test.takeEvents() == [.filled(dataset: "quarters")])
            test.forget()
            #expect(try await test.reader.history(query).body == first.body)
            #expect(test.takeEvents() == [.hit])
        }
    }

    @Test func whatDoesNotVerifyIsAMiss() async throws {
        let own = try TestServers.ownRedis()
        defer { own.stop() }
        try await ReaderUnderTest.with(now: Self.now, redis: own.socket) { _, test in
            let redis = try #require(test.redis)
            let query = try await Self.fill(test)
            var other = query
            other.to -= 7200
            let truth = try await test.reader.history(query)
            let keys = try await Self.keys(redis)
            let key = try #require(keys.first)
            let found = try await redis.get(key)
            let good = try #require(found)
            _ = try await test.reader.history(other)
            let otherKeys = try await Self.keys(redis)
            let otherKey = try #require(otherKeys.first { $0 != key })
            let another = try await redis.get(otherKey)
            var flipped = good
            flipped[good.count / 2] ^= 1
            let lies = [
                flipped, Array(good.dropLast()), good + [0], [], Array("gapless answer 1\n".utf8), try #require(another),
                Array(good.reversed()),
            ]
            for lie in lies {
                try await redis.set(key, lie)
                test.forget()
                #expect(try await test.reader.history(query).body == truth.body)
                #expect(test.takeEvents() == [.rejected, .filled(dataset: "quarters")])
            }
            // The last fill mended it.
            test.forget()
            #expect(try await test.reader.history(query).body == truth.body)
            #expect(test.takeEvents() == [.hit])
        }
    }

    private static func keys(_ redis: RedisConnection) async throws -> [String] {
        guard case .array(let found) = try await redis.command(["KEYS", "gapless:*"].map { Array($0.utf8) }) else { return [] }
        return found.compactMap { if case .string(let bytes) = $0 { String(decoding: bytes, as: UTF8.self) } else { nil } }
    }

    @Test func noChangedByteOfAStoredAnswerPasses() {
        let answer = StoredAnswer(
            body: Array("{\"data\":[]}".utf8), contentType: "application/json", etag: "\"e\"", headers: [.init(name: "A", value: "b")],
            nextCursor: "c", version: 7, storedAt: 1000, validUntil: 2000)
        let bytes = answer.encoded(key: "k")
        #expect(StoredAnswer(decoding: bytes, key: "k") == answer)
        #expect(StoredAnswer(decoding: bytes, key: "l") == nil)
        for at in bytes.indices {
            for bit in [1, 128] as [UInt8] {
                var changed = bytes
                changed[at] ^= bit
                #expect(StoredAnswer(decoding: changed, key: "k") == nil)
            }
            #expect(StoredAnswer(decoding: Array(bytes[..<at]), key: "k") == nil)
        }
        #expect(answer.isValid(at: 1999) && !answer.isValid(at: 2000) && !answer.isValid(at: -5000))
    }

    @Test func hotAnswersStayWithinTheirBytesAndKeepWhatIsAskedFor() {
        var hot = HotAnswers(bytesMax: 20_000)
        func answer(_ size: Int) -> StoredAnswer {
            StoredAnswer(
                body: Array(repeating: 0, count: size), contentType: "", etag: "", headers: [], nextCursor: nil, version: 1, storedAt: 0,
                validUntil: 1)
        }
        hot.put(answer(100), for: .dataset("wanted"))
        for number in 0..<100 {
            #expect(hot.answer(to: .dataset("wanted")) != nil, "\(number)")
            hot.put(answer(500), for: .dataset("\(number)"))
            #expect(hot.bytes <= 20_000)
        }
        #expect(hot.count == 13 && hot.answer(to: .dataset("99")) != nil && hot.answer(to: .dataset("0")) == nil)
        hot.put(answer(50_000), for: .dataset("huge"))
        #expect(hot.answer(to: .dataset("huge")) == nil && hot.count == 13)
        hot.put(answer(1), for: .dataset("99"))
        #expect(hot.count == 13 && hot.answer(to: .dataset("99"))?.body.count == 1)
    }
}
