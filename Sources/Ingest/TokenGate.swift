internal import EventLoop
internal import Series
internal import Store

/// Lets requests of this process go by the tokens that an upstream counts: its share of the bucket that all processes have together.
///
/// Requests wait in one line. Whose lane goes next is said by the lanes' shares; within a lane those of the call that was begun first. The
/// first of them waits until the bucket holds what it may cost, and the others behind it, so that no large one is overtaken for ever. One
/// task (`run`) asks the store for them, tells it what answers said, and answers for what was promised while requests are under way.
final class TokenGate {
    /// The right to spend what one request may cost. Each ends in `cancel`, `answered` or `lost`.
    struct Leave: Sendable {
        fileprivate let reservation: Store.TokenReservation
        fileprivate let cost: Cost
    }

    /// What a request may cost: so many subjects, by the price of a shape.
    struct Cost: Sendable {
        let shape: String
        let subjects: Int
        /// Tokens a subject where nothing was learnt.
        let fallback: Double
    }

    /// Why a request may not go.
    enum Refusal: Error {
        /// So many subjects may; 0: not even one.
        case tooDear(fits: Int)
        /// Its call was given up, or the worker stops.
        case closing
    }

    private final class Ticket {
        let call: Int
        let lane: Lane
        let cost: Cost
        let waiter: Waiter
        var leave: Leave?
        var fits: Int?
        var isTold = false

        init(_ call: Int, _ lane: Lane, _ cost: Cost, _ loop: Loop) {
            self.call = call
            self.lane = lane
            self.cost = cost
            waiter = Waiter(loop)
        }
    }

    private enum News {
        case unsent(Leave)
        case answered(Leave, TokenReading, at: Double)
        case lost(Leave, at: Double)

        var leave: Leave {
            switch self {
            case .unsent(let leave), .answered(let leave, _, _), .lost(let leave, _): leave
            }
        }
    }

    private let upstream: String
    private let rules: TokenRules
    private let traffic: Traffic
    private let store: Store
    private let clock: ServiceClock
    private let loop: Loop
    private let decoding: Loop?
    private let observe: (IngestEvent) -> Void
    private let bell: Waiter
    /// Of a promise, in real seconds; renewed three times in it.
    private let leaseSeconds: Double

    /// By call.
    private var line: [Ticket] = []
    private var turns = LaneTurns()
    /// Promised and not told of yet.
    private var held: Set<Int64> = []
    private var news: [News] = []
    /// Nothing is asked of the store before this, unless there is news.
    private var closedUntil = Deadline(nanoseconds: 0)
    private var renewsAt = Deadline.never
    private var storePauseSeconds = 0.1

    /// Others may give back what they hold, or a plan change: looked at again so often, in real seconds.
    private static let napSeconds = 5.0
    /// A body that is worth another thread's waking.
    private static let large = 32 * 1024

    /// `decoding`: where large answers are looked through; nil: here.
    init(
        upstream: String, rules: TokenRules, traffic: Traffic, store: Store, clock: ServiceClock, loop: Loop, decoding: Loop?,
        leaseSeconds: Double = 30, observe: @escaping (IngestEvent) -> Void
    ) {
        self.leaseSeconds = leaseSeconds
        self.upstream = upstream
        self.rules = rules
        self.traffic = traffic
        self.store = store
        self.clock = clock
        self.loop = loop
        self.decoding = decoding
        self.observe = observe
        bell = Waiter(loop)
    }

    // MARK: For those who send

    /// Waits until the request may spend what it may cost.
    func take(_ call: Int, _ lane: Lane, _ cost: Cost) async throws(Refusal) -> Leave {
        if traffic.isAbandoned(call) { throw .closing }
        let ticket = Ticket(call, lane, cost, loop)
        line.insert(ticket, at: (line.lastIndex { $0.call <= call } ?? -1) + 1)
        bell.wake()
        do { try await ticket.waiter.wait() } catch { line.removeAll { $0 === ticket } }
        if let leave = ticket.leave {
            if !traffic.isAbandoned(call) { return leave }
            cancel(leave)
        } else if let fits = ticket.fits {
            throw .tooDear(fits: fits)
        }
        throw .closing
    }

    /// It was not sent.
    func cancel(_ leave: Leave) { tell(.unsent(leave)) }

    /// It was sent, and nobody knows what it cost.
    func lost(_ leave: Leave) { tell(.lost(leave, at: clock.exactNow)) }

    /// An answer is there, with any status; what it says of the bucket, nil where nothing.
    func answered(_ leave: Leave, _ body: [UInt8]) async -> TokenReading? {
        let (now, look) = (clock.exactNow, rules.reading)
        let reading: TokenReading? = if let decoding, body.count >= Self.large {
            (try? await decoding.run { _ in look(body) }) ?? look(body)
        } else {
            look(body)
        }
        tell(reading.map { .answered(leave, $0, at: now) } ?? .lost(leave, at: now))
        return reading
    }

    /// Real seconds until an upstream that refused for want of tokens has some again; nil where it has: it was refused for something else.
    func emptySeconds(_ reading: TokenReading) -> Double? {
        if reading.left > 0 { return nil }
        let refill = reading.refillPerMinute ?? rules.refillPerMinute
        // Where nothing is added, it is asked again when something might be.
        let steps = refill > 0 ? (-reading.left / refill).rounded(.down) : 0
        return clock.realSeconds((reading.refillIn ?? TokenLedger.step) + steps * TokenLedger.step)
    }

    /// Requests of this call that wait are given up.
    func dismiss(_ call: Int) { dismiss { $0.call == call } }

    /// After `Traffic.stop`.
    func stop() {
        dismiss { _ in true }
        bell.wake()
    }

    private func dismiss(_ which: (Ticket) -> Bool) {
        let dismissed = line.filter(which)
        line.removeAll(where: which)
        for ticket in dismissed { ticket.waiter.wake() }
    }

    private func tell(_ one: News) {
        news.append(one)
        closedUntil = .now
        bell.wake()
    }

    // MARK: The one who asks the store

    /// Works until `Traffic.stop`, then tells what there is to tell.
    func run() async {
        while !traffic.isStopping && !loop.isClosing {
            do {
                try await report()
                if renewsAt <= .now { try await renew() }
                // What was told meanwhile goes first: until the store knows it, it would say again and again that there is nothing to lend.
                while news.isEmpty, closedUntil <= .now, held.count < traffic.atOnceMax, let (ticket, after) = next() {
                    try await ask(for: ticket, after)
                }
                storePauseSeconds = 0.1
            } catch {
                observe(.storeFailed(doing: "reserving tokens of \(upstream)", reason: "\(error)"))
                closedUntil = .after(.nanoseconds(Int64(storePauseSeconds * 1e9)))
                // What is overdue pauses too.
                renewsAt = max(renewsAt, closedUntil)
                storePauseSeconds = min(storePauseSeconds * 2, 5)
            }
            let isWanted = !news.isEmpty || (!line.isEmpty && held.count < traffic.atOnceMax)
            try? await bell.wait(until: min(isWanted ? closedUntil : .never, renewsAt))
        }
        // Those that are under way end first, and each is told of; what is not told runs out.
        let end = Deadline.after(.seconds(1))
        while !held.isEmpty, !loop.isClosing, .now < end {
            guard (try? await report()) != nil, !held.isEmpty else { break }
            try? await bell.wait(until: end)
        }
    }

    private func report() async throws {
        while let one = news.first {
            let (reservation, cost) = (one.leave.reservation, one.leave.cost)
            switch one {
            case .unsent: try await store.cancelTokens(reservation)
            case .lost(_, let at): try await store.loseTokens(upstream: upstream, reservation, now: at)
            case .answered(_, let reading, let at):
                try await store.reconcileTokens(
                    upstream: upstream, reservation, reading, shape: cost.shape, subjects: cost.subjects, fallback: cost.fallback, now: at)
            }
            news.removeFirst()
            held.remove(reservation.id)
        }
        if held.isEmpty { renewsAt = .never }
    }

    private func renew() async throws {
        try await store.renewTokens(Array(held), leaseSeconds: leaseSeconds)
        renewsAt = nextRenewal
    }

    private var nextRenewal: Deadline { .after(.nanoseconds(Int64(leaseSeconds / 3 * 1e9))) }

    /// Whose turn it is, by who waits now, and the turns once that one has gone.
    private func next() -> (Ticket, LaneTurns)? {
        var after = turns
        guard let lane = after.next(among: Set(line.map(\.lane))), let ticket = line.first(where: { $0.lane == lane }) else { return nil }
        return (ticket, after)
    }

    private func ask(for ticket: Ticket, _ after: LaneTurns) async throws {
        let cost = ticket.cost
        let answer = try await store.reserveTokens(
            upstream: upstream, shape: cost.shape, subjects: cost.subjects, fallback: cost.fallback, now: clock.exactNow,
            leaseSeconds: leaseSeconds)
        let isHere = line.contains { $0 === ticket }
        switch answer {
        case .granted(let reservation):
            let leave = Leave(reservation: reservation, cost: cost)
            held.insert(reservation.id)
            renewsAt = min(renewsAt, nextRenewal)
            // It was given up meanwhile.
            if !isHere { return cancel(leave) }
            turns = after
            ticket.leave = leave
        case .tooDear(let fits):
            ticket.fits = fits
        case .wait(let seconds):
            let real = clock.realSeconds(seconds)
            if !ticket.isTold { observe(.waitingForBudget(upstream: upstream, seconds: real)) }
            ticket.isTold = true
            // Unless somebody came, or something was told, while the store answered.
            if news.isEmpty { closedUntil = .after(.nanoseconds(Int64(min(max(real, 0.02), Self.napSeconds) * 1e9))) }
            return
        }
        line.removeAll { $0 === ticket }
        ticket.waiter.wake()
    }
}
