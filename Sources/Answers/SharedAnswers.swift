internal import Codec
internal import EventLoop
internal import Redis

/// What all readers share: answers in Redis, and whose turn it is to make one.
///
/// Redis may be away, slow or lying. An error here is a miss, a value that does not verify is a miss, and a turn that was given
/// twice, or to nobody, costs a fill or a wait: never a wrong answer.
final class SharedAnswers {
    /// What came of asking for an answer.
    enum Finding {
        /// `hasWaited`: another reader made it meanwhile.
        case answer(StoredAnswer, hasWaited: Bool)
        /// To be made here. With the token of the turn, where one was given.
        case ours(turn: [UInt8]?)
    }

    private let loop: Loop
    private let redis: RedisConnection?
    private let observe: (ReadEvent) -> Void
    /// Redis is not given more than this: one value would keep every other command waiting.
    private static let valueBytesMax = 4 << 20
    /// A turn ends by itself, so that a reader that died with it costs no more than this; nobody waits for longer either.
    private static let turnMilliseconds = 2000
    private static let pauses = (first: Duration.milliseconds(2), longest: Duration.milliseconds(50))

    init(loop: Loop, redis: RedisConnection?, observe: @escaping (ReadEvent) -> Void) {
        self.loop = loop
        self.redis = redis
        self.observe = observe
    }

    /// The valid answer under a key, or the turn to make it: of all readers that ask at once, one has that, and the others wait
    /// for what it makes. `isAway`: no answer will be made, so nobody need wait. `isDown` is set where Redis cannot be used.
    func find(_ key: String, _ version: Int64, now: () -> Int64, isAway: () -> Bool, _ isDown: inout Bool) async -> Finding {
        guard let redis else { return .ours(turn: nil) }
        if let found = await look(key, version, &isDown), found.isValid(at: now()) { return .answer(found, hasWaited: false) }
        if isDown { return .ours(turn: nil) }
        let token = Self.token()
        let limit = Deadline.after(.milliseconds(Self.turnMilliseconds))
        var pause = Self.pauses.first
        var hasWaited = false
        while true {
            do {
                if try await redis.setIfAbsent(Self.turn(of: key), token, px: Self.turnMilliseconds) {
                    // Whoever had the turn before may have made it since the last look.
                    guard let found = await look(key, version, isRepeated: true, &isDown), found.isValid(at: now()) else {
                        return .ours(turn: isDown ? nil : token)
                    }
                    await end(turn: token, of: key)
                    return .answer(found, hasWaited: true)
                }
            } catch {
                failed(&isDown)
                return .ours(turn: nil)
            }
            if limit <= .now || isAway() { return .ours(turn: nil) }
            do { try await loop.sleep(for: pause) } catch { return .ours(turn: nil) }
            pause = min(pause * 2, Self.pauses.longest)
            hasWaited = true
            if let found = await look(key, version, isRepeated: true, &isDown), found.isValid(at: now()) {
                return .answer(found, hasWaited: hasWaited)
            }
            if isDown { return .ours(turn: nil) }
        }
    }

    /// What is there and verifies, valid or not. Past its end it is no lie, only late: that is kept for when the store is away.
    func look(_ key: String, _ version: Int64, isRepeated: Bool = false, _ isDown: inout Bool) async -> StoredAnswer? {
        guard let redis else { return nil }
        do {
            guard let bytes = try await redis.get(key) else { return nil }
            guard let stored = StoredAnswer(decoding: bytes, key: key), stored.version == version else {
                if !isRepeated { observe(.rejected) }
                return nil
            }
            return stored
        } catch {
            failed(&isDown)
            return nil
        }
    }

    /// Keeps an answer for its validity, and for as long after it as it may be given while the store is away.
    func keep(_ stored: StoredAnswer, under key: String, now: Int64, _ isDown: inout Bool) async {
        let left = stored.validUntil - now
        guard let redis, left > 0, stored.body.count <= Self.valueBytesMax else { return }
        do {
            try await redis.set(key, stored.encoded(key: key), px: Int(left + Term.grace))
        } catch {
            failed(&isDown)
        }
    }

    /// Lets the next have the turn, where it is still ours.
    func end(turn token: [UInt8], of key: String) async {
        _ = try? await redis?.del(Self.turn(of: key), ifEqual: token)
    }

    private func failed(_ isDown: inout Bool) {
        isDown = true
        observe(.bypassed)
    }

    private static func turn(of key: String) -> String { key + ":turn" }

    private static func token() -> [UInt8] { (0..<16).map { _ in UInt8.random(in: 0...255) } }
}
