internal import Codec
internal import EventLoop
internal import Store

/// The datasets' versions, as one reader knows them, and for how long it may answer out of memory by them.
///
/// Versions are trusted for a lease, counted from before they were asked for; whoever ends an ingestion waits for that long, or
/// until this reader's row in the store says that it knows better (`Store.awaitReaders`). Nothing here has to be told anything
/// to be right: being told only makes it quick.
final class KnownVersions {
    /// One asking, with all who wait for it.
    private final class Look {
        var waiters: [Waiter] = []
    }

    private let loop: Loop
    private let store: Store
    private let lease: Duration
    private let observe: (ReadEvent) -> Void
    private let name: String
    private let nudged: Waiter

    /// The last known ones; nil until they were read once.
    private(set) var last: [String: DatasetVersion]?
    private(set) var identity = ""
    /// The last look at the store failed.
    private(set) var isAway = false
    private var trustedUntil = Deadline(nanoseconds: 0)
    /// Wall clock less monotonic clock at the last look, in nanoseconds: so that one reading of a clock serves both.
    private var wallOffset: Int64 = 0
    private var look: Look?
    private var isKeptFresh = false
    private var isLeaving = false
    /// When the row in the store was renewed last, and what it says.
    private var listedAt: Deadline?
    private var told: Int64 = -1
    /// Sum of the versions of the last look.
    private var seen: Int64 = -1

    /// How often versions are read where nothing is announced.
    private static let interval = Duration.milliseconds(500)
    /// The longest that a look may take.
    private static let patience = Duration.seconds(1)
    /// The same for those who ask while the last look failed: they know that there may be no answer.
    private static let shortPatience = Duration.milliseconds(50)

    init(loop: Loop, store: Store, lease: Duration, observe: @escaping (ReadEvent) -> Void) {
        self.loop = loop
        self.store = store
        self.lease = lease
        self.observe = observe
        name = Self.freshName()
        nudged = Waiter(loop)
    }

    // MARK: What is known

    /// The moment as an answer's validity sees it (wall clock, milliseconds since 1970), nil where the versions are not trusted
    /// by now. Looked at for each answer out of memory: one reading of a clock.
    func trustedNow() -> Int64? {
        let now = Deadline.now
        return now < trustedUntil ? (Int64(now.nanoseconds) + wallOffset) / 1_000_000 : nil
    }

    /// What versions held at some moment since this was called; nil where the store cannot be asked.
    func current() async -> [String: DatasetVersion]? {
        for _ in 0..<3 {
            if trustedNow() != nil { return last }
            if isAway && isKeptFresh {
                // Whoever keeps them fresh looks at once; who asks does not wait long for a store that did not answer before.
                nudged.wake()
                await wait(for: look ?? prepare(), until: .after(Self.shortPatience))
                return trustedNow() != nil ? last : nil
            }
            guard let look else { return await lookNow() ? last : nil }
            await wait(for: look, until: .after(Self.patience))
            if isAway { return nil }
        }
        // Nothing that others read may be trusted for longer than the moment.
        return await lookNow() ? last : nil
    }

    /// A fill saw a newer version than is known here: who asks next must not get an older answer.
    func adopt(_ version: DatasetVersion, of dataset: String) {
        if version.number > last?[dataset]?.number ?? 0 { last?[dataset] = version }
    }

    // MARK: Keeping them fresh

    /// Until the loop closes or `leave`: twice a second, and at once when nudged.
    func keepFresh() async {
        isKeptFresh = true
        defer { isKeptFresh = false }
        while !isLeaving {
            await lookNow()
            do throws(WaitError) {
                try await nudged.wait(until: .after(Self.interval))
            } catch {
                if error != .timedOut { return }
            }
        }
    }

    /// Nudges whenever a change is announced, until the loop closes or `leave`.
    func hear() async {
        var pause = Duration.milliseconds(100)
        while !isLeaving && !loop.isClosing {
            do {
                try await store.hearVersions {
                    pause = .milliseconds(100)
                    self.nudged.wake()
                }
            } catch {
                // Looks go on meanwhile; whoever ends an ingestion waits a little longer.
                do { try await loop.sleep(for: pause / 2 + pause / 2 * Double.random(in: 0...1)) } catch { return }
                pause = min(pause * 2, .seconds(5))
            }
        }
    }

    func nudge() { nudged.wake() }

    /// Nothing is answered out of memory any more, and nobody need wait for this reader.
    func leave() async {
        isLeaving = true
        trustedUntil = Deadline(nanoseconds: 0)
        nudged.wake()
        if listedAt != nil { try? await store.unlist(reader: name, until: .after(Self.patience / 2)) }
    }

    // MARK: Looking

    /// Reads the versions and says that they are known; throws what the store throws.
    func readNow() async throws {
        try await read()
        if seen != told { await tell() }
    }

    private func read() async throws {
        let limit = Deadline.after(Self.patience)
        if identity.isEmpty { identity = try await store.identity() }
        let isListed = try await stayListed(until: limit)
        let before = last
        let start = Deadline.now
        let wall = ServiceClock.realNow
        var read = try await store.versions(until: limit)
        seen = read.values.reduce(0) { $0 + $1.number }
        // An answer that was made meanwhile may have seen a newer one than this look did.
        for (name, version) in last ?? [:] where version != before?[name] {
            if version.number > read[name]?.number ?? 0 { read[name] = version }
        }
        last = read
        wallOffset = Int64(wall * 1e9) - Int64(start.nanoseconds)
        isAway = false
        if isListed && !isLeaving { trustedUntil = start + lease }
    }

    /// The same for all who wait. False where the store did not answer.
    @discardableResult
    private func lookNow() async -> Bool {
        let look = look ?? prepare()
        var isAnswered = true
        do { try await read() } catch {
            isAnswered = false
            // Once for each absence.
            if !isAway { observe(.versionsUnknown) }
            isAway = true
        }
        if self.look === look { self.look = nil }
        for waiter in look.waiters { waiter.wake() }
        if isAnswered && seen != told { await tell() }
        return isAnswered
    }

    private func prepare() -> Look {
        let made = Look()
        look = made
        return made
    }

    private func wait(for look: Look, until deadline: Deadline) async {
        let waiter = Waiter(loop)
        look.waiters.append(waiter)
        try? await waiter.wait(until: deadline)
    }

    /// The row counts before the versions are read that will be trusted: whoever commits after that reading sees it.
    private func stayListed(until limit: Deadline) async throws -> Bool {
        let now = Deadline.now
        if let listedAt, now < listedAt + Store.readerListing / 2 { return true }
        let isFirst = listedAt == nil
        guard try await store.list(reader: name, seen: told, until: limit) else { return false }
        listedAt = now
        if isFirst { try? await store.sweepReaders() }
        return true
    }

    /// Says what is known by now, so that nobody waits for this reader's lease.
    private func tell() async {
        let (now, known) = (Deadline.now, seen)
        if (try? await store.list(reader: name, seen: known, until: .after(Self.patience))) == true, !isLeaving {
            listedAt = now
            told = known
        }
    }

    /// A random identifier (RFC 9562 section 5.4, in form; the database asks for no more).
    private static func freshName() -> String {
        let bytes = (try? randomBytes(16)) ?? (0..<16).map { _ in UInt8.random(in: 0...255) }
        return Hex.encode(bytes)
    }
}
