internal import Codec
internal import EventLoop
internal import Redis
internal import Store

/// What a fill made, and until when it holds.
struct FreshAnswer {
    var body: [UInt8]
    var contentType: String
    var headers: [StoredAnswer.Header] = []
    var nextCursor: String?
    var version: Int64
    var changedAt: Int64
    /// Wall clock, milliseconds since 1970.
    var validUntil: Int64
}

/// The version of a dataset in a store, as keys name it.
struct CacheVersion: Hashable {
    /// The store's identity and the dataset's name.
    let store: String
    let dataset: String
    let number: Int64
    let changedAt: Int64
}

/// The read-through cache of one loop: hot answers of this process, then Redis, then a fill.
///
/// A key names everything that the answer depends on, the dataset's version included, so nothing is ever deleted. Whatever
/// Redis does, the answer is right: an error is a miss, and so is a value that does not verify.
final class ResponseCache {
    private struct FlightKey: Hashable { let question: Question, version: CacheVersion }

    /// One making of an answer, with all who wait for it.
    private final class Flight {
        var outcome: Result<(answer: StoredAnswer, isHit: Bool), any Error>?
        var waiters: [Waiter] = []
    }

    private let loop: Loop
    private let redis: RedisConnection?
    private let observe: (ReadEvent) -> Void
    private var hot: HotAnswers
    private var flights: [FlightKey: Flight] = [:]
    /// Redis is not given more than this: one value would keep every other command waiting.
    private static let valueBytesMax = 4 << 20

    init(loop: Loop, redis: RedisConnection?, hotBytesMax: Int, observe: @escaping (ReadEvent) -> Void) {
        self.loop = loop
        self.redis = redis
        self.observe = observe
        hot = HotAnswers(bytesMax: hotBytesMax)
    }

    /// The answer, where this process has it and it is valid.
    func hotAnswer(to question: Question, at version: Int64) -> Answer? {
        guard let stored = hot.answer(to: question) else { return nil }
        let now = Self.now
        guard stored.version == version, stored.isValid(at: now) else {
            hot.remove(question)
            return nil
        }
        observe(.hot)
        return stored.answer(at: now)
    }

    /// Whether what was made at this term still holds: then it counts as an answer of this process.
    func age(of term: Term, at version: Int64) -> AnswerAge? {
        let now = Self.now
        guard term.version == version, term.isValid(at: now) else { return nil }
        observe(.hot)
        return term.age(at: now)
    }

    /// The answer from wherever it is; `fill` runs once for all who ask for the same at the same time.
    func answer(to question: Question, at version: CacheVersion, fill: () async throws -> FreshAnswer) async throws -> Answer {
        if let answer = hotAnswer(to: question, at: version.number) { return answer }
        let key = FlightKey(question: question, version: version)
        if let flight = flights[key] { return try await join(flight) }
        let flight = Flight()
        flights[key] = flight
        do {
            var isDown = false
            let redisKey = Self.key(question, version)
            if let found = await look(redisKey, version.number, &isDown) {
                hot.put(found, for: question)
                land(flight, key, .success((found, true)))
                observe(.hit)
                return found.answer(at: Self.now)
            }
            let fresh = try await fill()
            observe(.filled(dataset: question.dataset))
            let stored = Self.stored(fresh)
            let isKept = stored.isValid(at: Self.now) && fresh.version >= version.number
            if isKept { hot.put(stored, for: question) }
            // Before Redis is told: who waits need not wait for that.
            land(flight, key, .success((stored, false)))
            if isKept && !isDown {
                let made = CacheVersion(
                    store: version.store, dataset: version.dataset, number: fresh.version, changedAt: fresh.changedAt)
                await keep(stored, under: Self.key(question, made), &isDown)
            }
            return stored.answer(
                at: Self.now, status: isDown ? "fwd=bypass; detail=redis-down" : isKept ? "fwd=uri-miss; stored" : "fwd=uri-miss")
        } catch {
            land(flight, key, .failure(error))
            throw error
        }
    }

    // MARK: Flights

    private func join(_ flight: Flight) async throws -> Answer {
        let waiter = Waiter(loop)
        flight.waiters.append(waiter)
        observe(.collapsed)
        do { try await waiter.wait(until: .after(.seconds(30))) } catch { throw AnswerError.storeUnavailable(retryAfter: 1) }
        guard let outcome = flight.outcome else { throw AnswerError.storeUnavailable(retryAfter: 1) }
        let (stored, isHit) = try outcome.get()
        return stored.answer(at: Self.now, status: isHit ? nil : "fwd=uri-miss; collapsed")
    }

    private func land(_ flight: Flight, _ key: FlightKey, _ outcome: Result<(answer: StoredAnswer, isHit: Bool), any Error>) {
        if flight.outcome != nil { return }
        flight.outcome = outcome
        flights[key] = nil
        for waiter in flight.waiters { waiter.wake() }
    }

    // MARK: Redis

    private func look(_ key: String, _ version: Int64, _ isDown: inout Bool) async -> StoredAnswer? {
        guard let redis else { return nil }
        do {
            guard let bytes = try await redis.get(key) else { return nil }
            guard let stored = StoredAnswer(decoding: bytes, key: key), stored.version == version else {
                observe(.rejected)
                return nil
            }
            // Past its end it is no lie, only late: Redis counts by another clock.
            return stored.isValid(at: Self.now) ? stored : nil
        } catch {
            isDown = true
            observe(.bypassed)
            return nil
        }
    }

    private func keep(_ stored: StoredAnswer, under key: String, _ isDown: inout Bool) async {
        let left = stored.validUntil - Self.now
        guard let redis, left > 0, stored.body.count <= Self.valueBytesMax else { return }
        do {
            try await redis.set(key, stored.encoded(key: key), px: Int(left))
        } catch {
            isDown = true
            observe(.bypassed)
        }
    }

    /// Users choose what they ask for, so their part of the key is a hash.
    private static func key(_ question: Question, _ version: CacheVersion) -> String {
        "gapless:\(StoredAnswer.schema):\(version.store):\(version.dataset):\(version.number):\(version.changedAt):"
            + Hex.encode(question.digest)
    }

    // MARK: Answers

    private static func stored(_ fresh: FreshAnswer) -> StoredAnswer {
        let now = Self.now
        return StoredAnswer(
            body: fresh.body, contentType: fresh.contentType,
            etag: StoredAnswer.etag(of: fresh.body), headers: fresh.headers,
            nextCursor: fresh.nextCursor, version: fresh.version, storedAt: now, validUntil: fresh.validUntil)
    }

    /// The wall clock: validity is shared with other processes.
    private static var now: Int64 { Int64(ServiceClock.realNow * 1000) }
}
