internal import EventLoop
internal import Series
internal import Store

/// What this process may send to one upstream now, or to one scope of it that has a quota of its own: its share of what all processes have
/// together.
///
/// Requests wait in one line. Whose lane goes next is said by the lanes' shares; within a lane those of the call that was begun first
/// go before all others: one call after the other ends, and is stored while the next is fetched.
/// One task (`run`) reserves for all of them in one transaction, and for those that will follow within a grant's
/// life where the upstream answers faster than that, so that no answer's successor waits for the store. What is not sent within its
/// life is given back. After a refusal everything in hand goes back, the store is told before it is asked again, and so
/// every process rests (`Store.reserve`).
final class Allowance {
    /// The right to send one request at once.
    struct Permit: Sendable {
        let spentAt: Double
        let goodUntil: Deadline
        let isProbe: Bool
        fileprivate let round: Int
    }

    private final class Ticket {
        let call: Int
        let lane: Lane
        let waiter: Waiter
        var permit: Permit?
        init(_ call: Int, _ lane: Lane, _ loop: Loop) {
            self.call = call
            self.lane = lane
            waiter = Waiter(loop)
        }
    }

    private struct Hand {
        var count: Int
        let permit: Permit
    }

    private struct Refusal: Equatable {
        var seconds: Double?
        var sentAt: Deadline
        var wasProbe: Bool
    }

    private let upstream: String
    private let scope: String?
    private let rate: RequestRate
    private let traffic: Traffic
    private let store: Store
    private let clock: ServiceClock
    private let loop: Loop
    private let lifeSeconds: Double
    /// What a reservation took of late: while the store answers, a grant's life runs already.
    private var reservationSeconds = 0.0
    private let probeSeconds: Double
    private let doublingMax: Double
    private let observe: (IngestEvent) -> Void
    private let bell: Waiter
    private let idlePause: Duration

    /// By call.
    private var line: [Ticket] = []
    private var turns = LaneTurns()
    private var hands: [Hand] = []
    private var flying = 0
    /// Answered, and not known yet what the answer says of the upstream.
    private var unjudged = 0
    /// By call: requests that will be wanted after those in the line.
    private var following: [Int: Int] = [:]
    /// Seconds from a request to its answer, smoothed; nil before the first.
    private var answerSeconds: Double?
    /// Nothing is asked of the store before this.
    private var closedUntil = Deadline(nanoseconds: 0)
    /// The last grant took the whole quota: there is none before this, unless some of it is given back.
    private var spentUntil = Deadline(nanoseconds: 0)
    /// Grants of an earlier round are void: a refusal came in between.
    private var round = 0
    private var refusal: Refusal?
    private var probeNews: Bool?
    private var returned: [Store.Grant] = []
    private var storePauseSeconds = 0.1

    /// A store that takes longer than this to reserve is as good as away: a spend that counts for longer would cost too much.
    private static let reservationMax = 10.0

    /// A rest that is worth a line in the log.
    private static let longRestSeconds = 30.0

    /// `timeoutSeconds`: of one request. `idlePause`: a scope's is over when nothing was wanted of it for so long.
    init(
        upstream: String, scope: String? = nil, rate: RequestRate, traffic: Traffic, timeoutSeconds: Int, doublingMax: Double, store: Store,
        clock: ServiceClock, loop: Loop, idlePause: Duration = .seconds(5), observe: @escaping (IngestEvent) -> Void
    ) {
        self.idlePause = idlePause
        self.upstream = upstream
        self.scope = scope
        self.rate = rate
        self.traffic = traffic
        // A spend counts from the end of its life on: short beside the window, or what is let through would be less than the quota.
        lifeSeconds = min(0.25, max(0.02, clock.realSeconds(Double(rate.seconds)) / 100))
        probeSeconds = Double(timeoutSeconds) + 5
        self.doublingMax = doublingMax
        self.store = store
        self.clock = clock
        self.loop = loop
        self.observe = observe
        bell = Waiter(loop)
    }

    // MARK: For those who send

    /// Waits for the right to send one request: by the lane's share, then in the order of calls (their numbers grow), then of asking.
    /// Throws where the call is given up meanwhile. Each permit ends in one of `putBack`, `refused` and `ended`, or in `landed`
    /// and then `judged`.
    func take(_ call: Int, _ lane: Lane) async throws(WaitError) -> Permit {
        while true {
            if traffic.isAbandoned(call) { throw .closing }
            let ticket = Ticket(call, lane, loop)
            line.insert(ticket, at: (line.lastIndex { $0.call <= call } ?? -1) + 1)
            serve()
            if ticket.permit == nil { bell.wake() }
            do throws(WaitError) {
                try await ticket.waiter.wait()
            } catch {
                line.removeAll { $0 === ticket }
                if let permit = ticket.permit { putBack(permit) }
                throw error
            }
            guard let permit = ticket.permit else { throw .closing }
            if isGood(permit) {
                traffic.began(call)
                return permit
            }
            // A refusal came, or its time ran out, between the two lines above.
            putBack(permit)
        }
    }

    /// So many requests of this call will be wanted after those that wait already.
    func expect(_ count: Int, of call: Int) { following[call] = count > 0 ? count : nil }

    /// It was not sent.
    func putBack(_ permit: Permit) {
        land()
        giveBack(Hand(count: 1, permit: permit))
        moveOn()
    }

    /// It was answered with 429, and with how long to wait or without.
    func refused(_ permit: Permit, seconds: Double?, sentAt: Deadline) {
        land()
        rest(permit, seconds, sentAt)
    }

    /// It came to another end. `seconds`: until the whole answer, nil where none came.
    func ended(_ permit: Permit, isWell: Bool, seconds: Double?) {
        landed(permit, seconds: seconds)
        judged(permit, .other(isWell: isWell))
    }

    /// An answer is there, and will be judged when it was read. Another may go.
    func landed(_ permit: Permit, seconds: Double?) {
        land()
        unjudged += 1
        if let seconds { answerSeconds = answerSeconds.map { $0 * 0.75 + seconds * 0.25 } ?? seconds }
        moveOn()
    }

    /// What an answer says of the upstream.
    enum Verdict {
        case throttled(seconds: Double?, sentAt: Deadline)
        case other(isWell: Bool)
    }

    /// Of one that has landed.
    func judged(_ permit: Permit, _ verdict: Verdict) {
        unjudged -= 1
        switch verdict {
        case .throttled(let seconds, let sentAt): rest(permit, seconds, sentAt)
        case .other(let isWell):
            // What it says of an upstream that has refused another since is out of date.
            if permit.isProbe { probeNews = isWell && permit.round == round }
            moveOn()
        }
    }

    private func land() {
        flying -= 1
        traffic.leave()
    }

    private func rest(_ permit: Permit, _ seconds: Double?, _ sentAt: Deadline) {
        round += 1
        if probeNews == true { probeNews = false }
        refusal = Refusal(
            seconds: [refusal?.seconds, seconds].compactMap(\.self).max(), sentAt: min(refusal?.sentAt ?? sentAt, sentAt),
            wasProbe: permit.isProbe || refusal?.wasProbe ?? false)
        let void = hands
        hands = []
        void.forEach(giveBack)
        bell.wake()
    }

    /// Requests of this call that wait are given up: see `Traffic.abandon`.
    func dismiss(_ call: Int) {
        following[call] = nil
        dismiss { $0.call == call }
    }

    /// Nothing is wanted of it, under way or to be told.
    var isIdle: Bool { line.isEmpty && flying == 0 && unjudged == 0 && hands.isEmpty && following.isEmpty && !hasNews }

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

    // MARK: In hand

    private func isGood(_ permit: Permit) -> Bool { permit.round == round && permit.goodUntil > .now }

    private func serve() {
        while traffic.room > 0, !line.isEmpty, let permit = takeFromHand() {
            flying += 1
            traffic.take()
            let lane = turns.next(among: Set(line.map(\.lane)))
            let ticket = line.remove(at: line.firstIndex { $0.lane == lane } ?? 0)
            ticket.permit = permit
            ticket.waiter.wake()
        }
    }

    private func takeFromHand() -> Permit? {
        while let hand = hands.first {
            if !isGood(hand.permit) {
                giveBack(hands.removeFirst())
                continue
            }
            hands[0].count -= 1
            if hands[0].count == 0 { hands.removeFirst() }
            return hand.permit
        }
        return nil
    }

    private func giveBack(_ hand: Hand) {
        let (spentAt, isProbe) = (hand.permit.spentAt, hand.permit.isProbe)
        if let place = returned.firstIndex(where: { $0.spentAt == spentAt && $0.isProbe == isProbe }) {
            returned[place] = Store.Grant(count: returned[place].count + hand.count, spentAt: spentAt, isProbe: isProbe)
        } else {
            returned.append(Store.Grant(count: hand.count, spentAt: spentAt, isProbe: isProbe))
        }
    }

    private func moveOn() {
        serve()
        // One of a scope ends some time after it has become idle.
        if wanted > 0 || probeNews != nil || !returned.isEmpty || (scope != nil && isIdle) { bell.wake() }
    }

    /// How many to reserve now: for who waits and may go, and ahead for what a grant's life will see sent.
    private var wanted: Int {
        let waiting = min(line.count, traffic.room)
        let held = hands.reduce(0) { $0 + $1.count }
        var ahead = 0
        if let answerSeconds, answerSeconds < lifeSeconds {
            let rate = Double(min(traffic.atOnceMax, flying + waiting)) / max(answerSeconds, 0.001)
            ahead = min(following.values.reduce(line.count - waiting, +), Int((rate * lifeSeconds).rounded(.up)), 1000)
        }
        // Not for every answer: once half of it has gone.
        return held < waiting + (ahead + 1) / 2 ? waiting + ahead - held : 0
    }

    // MARK: The one who asks the store

    /// Works until `stop()`, then gives back what is left. That of a scope works until nothing was wanted of it for a while.
    func run() async {
        while !traffic.isStopping && !loop.isClosing {
            do {
                try await tell()
                if wanted > 0, max(closedUntil, spentUntil) <= .now { try await replenish() }
                storePauseSeconds = 0.1
            } catch {
                observe(.storeFailed(doing: "reserving requests of \(upstream)", reason: "\(error)"))
                closedUntil = .after(.nanoseconds(Int64(storePauseSeconds * 1e9)))
                storePauseSeconds = min(storePauseSeconds * 2, 5)
            }
            serve()
            while let hand = hands.first, !isGood(hand.permit) { giveBack(hands.removeFirst()) }
            if line.isEmpty || traffic.room > 0 { traffic.dropWait(bell) } else { traffic.awaitRoom(bell) }
            let mayEnd = scope != nil && isIdle
            do {
                try await bell.wait(until: mayEnd ? .after(idlePause) : nextLook)
            } catch {
                if mayEnd && isIdle && error == .timedOut { return }
            }
        }
        traffic.dropWait(bell)
        hands.forEach(giveBack)
        hands = []
        try? await tell()
    }

    private var nextLook: Deadline {
        if hasNews { return closedUntil }
        if wanted > 0 { return max(closedUntil, spentUntil) }
        return hands.first?.permit.goodUntil ?? .never
    }

    private var hasNews: Bool { refusal != nil || probeNews != nil || !returned.isEmpty }

    /// What happened since, before anything is asked for.
    private func tell() async throws {
        if let isWell = probeNews {
            try await store.probeEnded(upstream: upstream, scope: scope, isWell: isWell)
            // A refusal may have come while this was told: then it is told with the next look that it did not go well.
            if probeNews == isWell { probeNews = nil }
            if isWell { closedUntil = .now }
        }
        while let told = refusal {
            let rest = try await store.rest(
                upstream: upstream, scope: scope, seconds: told.seconds,
                sentAgo: told.sentAt.secondsAgo, wasProbe: told.wasProbe,
                doublingMax: doublingMax)
            // Another may have come while this one was told.
            if refusal == told { refusal = nil }
            if rest.seconds >= Self.longRestSeconds, rest.before < Self.longRestSeconds {
                observe(.upstreamRests(upstream: upstream, scope: scope, seconds: rest.seconds))
            }
        }
        // Each is told once, whatever comes of it: the store may have taken it though its answer never came, and what is given back
        // twice could be spent twice. One that is lost counts until its window has passed.
        while let grant = returned.popLast() {
            spentUntil = Deadline(nanoseconds: 0)
            try await store.giveBack(upstream: upstream, scope: scope, grant)
        }
    }

    private func replenish() async throws {
        let wanted = wanted
        // Others need not reserve what there would be no place for.
        let places = min(wanted, traffic.room)
        traffic.take(places)
        defer { traffic.leave(places) }
        let life = lifeSeconds + reservationSeconds
        let (before, start) = (round, Deadline.now)
        let end = start + .nanoseconds(Int64(life * 1e9))
        let answer = try await store.reserve(
            upstream: upstream, scope: scope, wanted: wanted, now: clock.exactNow, goodFor: clock.shownSeconds(life),
            probeSeconds: probeSeconds)
        let took = start.secondsAgo
        reservationSeconds = min(max(took, reservationSeconds * 0.75), Self.reservationMax)
        switch answer {
        case .granted(let grant):
            let permit = Permit(spentAt: grant.spentAt, goodUntil: end, isProbe: grant.isProbe, round: before)
            hands.append(Hand(count: grant.count, permit: permit))
            if grant.count >= rate.count { spend(until: grant.spentAt) }
            // One goes first after a rest: what becomes of it is known before more is asked for.
            if grant.isProbe { closedUntil = .after(.milliseconds(100)) }
            // It goes back unsent, and the next one lives longer.
            if took >= life { close(for: min(took, 1)) }
            if took >= Self.reservationMax {
                observe(.storeFailed(doing: "reserving requests of \(upstream)", reason: "it took \(Int(took)) s"))
            }
        case .wait(let seconds):
            let real = clock.realSeconds(seconds)
            if !line.isEmpty { observe(.waitingForBudget(upstream: upstream, seconds: real)) }
            close(for: real)
        case .resting(let seconds):
            // (A probe's end is asked for every half second: not worth a word.)
            if !line.isEmpty, seconds > 0.5 { observe(.waitingForBudget(upstream: upstream, seconds: seconds)) }
            close(for: seconds)
        }
    }

    /// To ask before what was granted has left the window would be in vain.
    private func spend(until spentAt: Double) {
        let counted = BudgetPace.counted(windowSeconds: Double(rate.seconds))
        let seconds = clock.realSeconds(spentAt + counted - clock.exactNow)
        spentUntil = .after(.nanoseconds(Int64(min(max(seconds, 0), 30) * 1e9)))
    }

    /// Looked at again before the end: settings or other processes may have changed the budget.
    private func close(for seconds: Double) { closedUntil = .after(.nanoseconds(Int64(min(max(seconds, 0.02), 30) * 1e9))) }
}
