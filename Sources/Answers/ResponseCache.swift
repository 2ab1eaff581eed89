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
    var lacking: [TodayLack] = []
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
    private let shared: SharedAnswers
    private let observe: (ReadEvent) -> Void
    private var hot: HotAnswers
    private var flights: [FlightKey: Flight] = [:]
    /// Times that Redis was found to be away, as far as they were told of.
    private var openings = 0

    init(loop: Loop, redis: RedisConnection?, hotBytesMax: Int, observe: @escaping (ReadEvent) -> Void) {
        self.loop = loop
        self.redis = redis
        self.observe = observe
        shared = SharedAnswers(loop: loop, redis: redis, observe: observe)
        hot = HotAnswers(bytesMax: hotBytesMax)
    }

    /// The answer, where this process has it and it is valid. One that is not stays: it is the last known.
    func hotAnswer(to question: Question, at version: Int64, now: Int64) -> Answer? {
        guard let stored = hot.answer(to: question), stored.version == version, stored.isValid(at: now) else { return nil }
        observe(.hot)
        return stored.answer(at: now)
    }

    /// Whether what was made at this term still holds: then it counts as an answer of this process.
    func age(of term: Term, at version: Int64, now: Int64) -> AnswerAge? {
        guard term.version == version, term.isValid(at: now) else { return nil }
        observe(.hot)
        return term.age(at: now)
    }

    /// The answer from wherever it is; `fill` runs once for all who ask for the same at the same time. `isAway`: the store is
    /// known not to answer, so that waiting for another's fill is of no use.
    func answer(
        to question: Question, at version: CacheVersion, isAway: () -> Bool = { false }, fill: () async throws -> FreshAnswer
    ) async throws -> Answer {
        if let answer = hotAnswer(to: question, at: version.number, now: Self.now) { return answer }
        let key = FlightKey(question: question, version: version)
        if let flight = flights[key] { return try await join(flight) }
        let flight = Flight()
        flights[key] = flight
        defer { tellOfBreaker() }
        var isDown = false
        let redisKey = Self.key(question, version)
        switch await shared.find(redisKey, version.number, now: { Self.now }, isAway: isAway, &isDown) {
        case .answer(let found, let hasWaited):
            hot.put(found, for: question)
            land(flight, key, .success((found, !hasWaited)))
            observe(hasWaited ? .awaited : .hit)
            return found.answer(at: Self.now, status: hasWaited ? Self.collapsed : nil)
        case .ours(let turn):
            do {
                return try await make(question, version, flight, key, turn, &isDown, fill)
            } catch {
                land(flight, key, .failure(error))
                if let turn { await shared.end(turn: turn, of: redisKey) }
                throw error
            }
        }
    }

    private func make(
        _ question: Question, _ version: CacheVersion, _ flight: Flight, _ key: FlightKey, _ turn: [UInt8]?, _ isDown: inout Bool,
        _ fill: () async throws -> FreshAnswer
    ) async throws -> Answer {
        let fresh = try await fill()
        observe(.filled(dataset: question.dataset))
        let stored = Self.stored(fresh)
        let isKept = stored.isValid(at: Self.now) && fresh.version >= version.number
        if isKept { hot.put(stored, for: question) }
        // Before Redis is told: who waits here need not wait for that.
        land(flight, key, .success((stored, false)))
        if isKept && !isDown {
            let made = CacheVersion(
                store: version.store, dataset: version.dataset, number: fresh.version, changedAt: fresh.changedAt)
            await shared.keep(stored, under: Self.key(question, made), now: Self.now, &isDown)
        }
        if let turn { await shared.end(turn: turn, of: Self.key(question, version)) }
        return stored.answer(
            at: Self.now, status: isDown ? "fwd=bypass; detail=redis-down" : isKept ? "fwd=uri-miss; stored" : "fwd=uri-miss")
    }

    /// The last known answer, while the store is away. `ofThatOnly`: no other version's will do.
    func staleAnswer(to question: Question, at version: CacheVersion, ofThatOnly: Bool) async -> Answer? {
        if let known = stale(question, version.number, ofThatOnly) { return known }
        var isDown = false
        guard let found = await shared.look(Self.key(question, version), version.number, &isDown), found.term.isKept(at: Self.now) else {
            tellOfBreaker()
            return nil
        }
        hot.put(found, for: question)
        return stale(question, version.number, true) ?? given(found)
    }

    private func stale(_ question: Question, _ version: Int64, _ ofThatOnly: Bool) -> Answer? {
        guard let known = hot.answer(to: question), known.term.isKept(at: Self.now), !ofThatOnly || known.version == version else {
            return nil
        }
        return given(known)
    }

    private func given(_ known: StoredAnswer) -> Answer {
        observe(.stale)
        return known.staleAnswer(at: Self.now)
    }

    private func tellOfBreaker() {
        let counted = redis?.counters.openings ?? 0
        if counted > openings { observe(.breakerOpened) }
        openings = counted
    }

    // MARK: Flights

    private static let collapsed = "fwd=uri-miss; collapsed"

    private func join(_ flight: Flight) async throws -> Answer {
        let waiter = Waiter(loop)
        flight.waiters.append(waiter)
        observe(.collapsed)
        do { try await waiter.wait(until: .after(.seconds(30))) } catch { throw AnswerError.storeUnavailable(retryAfter: 1) }
        guard let outcome = flight.outcome else { throw AnswerError.storeUnavailable(retryAfter: 1) }
        let (stored, isHit) = try outcome.get()
        return stored.answer(at: Self.now, status: isHit ? nil : Self.collapsed)
    }

    private func land(_ flight: Flight, _ key: FlightKey, _ outcome: Result<(answer: StoredAnswer, isHit: Bool), any Error>) {
        if flight.outcome != nil { return }
        flight.outcome = outcome
        flights[key] = nil
        for waiter in flight.waiters { waiter.wake() }
    }

    // MARK: Keys

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
            etag: StoredAnswer.etag(of: fresh.body, headers: fresh.headers, nextCursor: fresh.nextCursor), headers: fresh.headers,
            nextCursor: fresh.nextCursor, version: fresh.version, storedAt: now, validUntil: fresh.validUntil,
            lacking: fresh.lacking)
    }

    /// The wall clock: validity is shared with other processes.
    private static var now: Int64 { Int64(ServiceClock.realNow * 1000) }
}
