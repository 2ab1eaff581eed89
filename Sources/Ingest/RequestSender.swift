internal import EventLoop
internal import Series
internal import Store
internal import Upstream

/// Sends one upstream's requests: waits for the shared budget, sends, and sorts what came back by class of failure.
final class RequestSender {
    private let profile: UpstreamProfile
    private let access: UpstreamAccess
    private let store: Store
    private let fetcher: Fetcher
    private let clock: ServiceClock
    private let loop: Loop
    private let observe: (IngestEvent) -> Void
    var isStopping = false
    /// No request before this: the upstream asked everybody to wait.
    private var quietUntil = Deadline(nanoseconds: 0)
    /// The last answer was a 429.
    private var isThrottled = false
    private var isProbing = false
    private var abandoned: Set<Int> = []
    /// How long everybody rests after the next 429 that names no time: doubled by each, back to a second by an answer.
    private var restSeconds = 1.0
    private let restSecondsMax: Double

    init(
        profile: UpstreamProfile, access: UpstreamAccess, store: Store, fetcher: Fetcher, clock: ServiceClock,
        loop: Loop, restSecondsMax: Double, observe: @escaping (IngestEvent) -> Void
    ) {
        self.profile = profile
        self.access = access
        self.store = store
        self.fetcher = fetcher
        self.clock = clock
        self.loop = loop
        self.restSecondsMax = max(600, restSecondsMax)
        self.observe = observe
    }

    func send(_ attempt: Attempt) async -> Sent {
        var isProbe = false
        defer { if isProbe { isProbing = false } }
        do {
            if attempt.delay > 0 { try await pause(seconds: attempt.delay, attempt.call) }
            isProbe = try await awaitTurn(attempt.call)
            try await waitForBudget(attempt.call)
            // Told to rest while it waited for the budget.
            while Deadline.now < quietUntil { try await pause(until: quietUntil, attempt.call) }
        } catch {
            return Sent(attempt: attempt, result: .failure(interrupted(error)), requests: 0, bodyBytes: 0)
        }
        let (result, bytes) = await transfer(attempt.request, attempt.traceID)
        return Sent(attempt: attempt, result: result, requests: 1, bodyBytes: bytes)
    }

    /// Requests of this call that have not been sent yet are not to be sent.
    func abandon(_ call: Int) { abandoned.insert(call) }
    func forget(_ call: Int) { abandoned.remove(call) }

    /// Waits while the upstream rests. After a refusal one request goes first, and the others wait for what becomes of it:
    /// where refused requests count too, a crowd at the end of each rest would keep the window full for ever. True for that one.
    private func awaitTurn(_ call: Int) async throws -> Bool {
        while true {
            if Deadline.now < quietUntil {
                try await pause(until: quietUntil, call)
            } else if !isThrottled {
                return false
            } else if !isProbing {
                isProbing = true
                return true
            } else {
                try await pause(seconds: 0.1, call)
            }
        }
    }

    private func transfer(_ request: UpstreamRequest, _ traceID: String?) async -> (Result<UpstreamAnswer, CallFailure>, Int) {
        var fetch = Fetch(
            access.base, request.path, query: request.query.map { ($0.name, $0.value) }, headers: [("Accept", "application/json")],
            credentials: access.credentials)
        if let traceID { fetch.headers.append(("traceparent", Self.traceParent(traceID))) }
        fetch.limits.total = .seconds(profile.timeoutSeconds)
        fetch.limits.body = profile.bodyBytesMax
        // The slowness before the first byte is the upstream's thinking (25 s a page were seen), bounded by the total.
        fetch.limits.slowFor = .seconds(profile.timeoutSeconds)
        let start = Deadline.now
        do {
            let fetched = try await fetcher.fetch(fetch)
            report(fetch, "\(fetched.status)", since: start, bytes: fetched.bytesReceived)
            return (judge(fetched, place: fetch.place), fetched.bytesReceived)
        } catch {
            report(fetch, error.kind.rawValue, since: start, bytes: error.received)
            var failure = CallFailure(kind: Self.failureClass(error.kind), reason: error.message)
            failure.isClosing = error.kind == .closing
            return (.failure(failure), error.received)
        }
    }

    /// The trace goes on under a span of ours (W3C Trace Context, section 3.2); it is recorded, in the log at least.
    private static func traceParent(_ traceID: String) -> String {
        let span = String(UInt64.random(in: 1 ... .max), radix: 16)
        return "00-\(traceID)-\(String(repeating: "0", count: 16 - span.utf8.count))\(span)-01"
    }

    private func judge(_ fetched: Fetched, place: String) -> Result<UpstreamAnswer, CallFailure> {
        let reason = "\(place): status \(fetched.status)"
        switch fetched.status {
        case 200:
            restSeconds = 1
            isThrottled = false
            return .success(UpstreamAnswer(body: fetched.body))
        case 401, 403: return .failure(CallFailure(kind: .refused, reason: "\(reason): the upstream refused the credentials"))
        case 429:
            let seconds = fetched.header("retry-after").flatMap { RetryAfter.seconds($0, now: Int64(ServiceClock.realNow)) }
            rest(seconds: seconds.map(Double.init))
            return .failure(CallFailure(kind: .throttled(retryAfterSeconds: seconds.map { Int($0) }), reason: reason))
        case 408, 425, 500...: return .failure(CallFailure(kind: .server, reason: reason))
        default: return .failure(CallFailure(kind: .badRequest, reason: reason))
        }
    }

    /// The whole upstream rests, not the refused request alone. Several refusals of one moment count as one.
    private func rest(seconds: Double?) {
        isThrottled = true
        if let seconds {
            quietUntil = max(quietUntil, .after(.nanoseconds(Int64(min(seconds, 3_600) * 1e9))))
        } else if Deadline.now >= quietUntil {
            quietUntil = .after(.nanoseconds(Int64(restSeconds * 1e9)))
            restSeconds = min(restSeconds * 2, restSecondsMax)
        }
    }

    private func report(_ fetch: Fetch, _ outcome: String, since start: Deadline, bytes: Int) {
        let seconds = Double(Deadline.now.nanoseconds - start.nanoseconds) / 1e9
        observe(.request(upstream: profile.name, place: fetch.place, outcome: outcome, seconds: seconds, bytes: bytes))
    }

    private func waitForBudget(_ call: Int) async throws {
        while true {
            switch try await reserve(call) {
            case .granted: return
            case .wait(let seconds):
                let real = clock.realSeconds(Double(seconds))
                observe(.waitingForBudget(upstream: profile.name, seconds: real))
                // Looked at again before the end: settings or other processes may have changed the budget.
                try await pause(seconds: min(max(real, 0.05), 30), call)
            }
        }
    }

    /// The store may be away for a while; the request waits for it, as long as the caller's lease may be worth something.
    private func reserve(_ call: Int) async throws -> Store.Reservation {
        var pauseSeconds = 0.1
        while true {
            do {
                return try await store.reserve(upstream: profile.name, wanted: 1, now: clock.now)
            } catch {
                if pauseSeconds > 20 { throw error }
                observe(.storeFailed(doing: "reserving a request of \(profile.name)", reason: "\(error)"))
                try await pause(seconds: pauseSeconds, call)
                pauseSeconds *= 2
            }
        }
    }

    private func pause(seconds: Double, _ call: Int) async throws {
        try await pause(until: .after(.nanoseconds(Int64(seconds * 1e9))), call)
    }

    /// In short naps, so that a stop or the call's own end is noticed.
    private func pause(until deadline: Deadline, _ call: Int) async throws {
        while true {
            if isStopping || abandoned.contains(call) { throw WaitError.closing }
            if Deadline.now >= deadline { return }
            try await loop.sleep(until: min(deadline, .after(.milliseconds(250))))
        }
    }

    private func interrupted(_ error: any Error) -> CallFailure {
        CallFailure(kind: .transport, reason: "interrupted: \(error)", isClosing: true)
    }

    private static func failureClass(_ kind: FetchError.Class) -> FailureClass {
        switch kind {
        case .resolve, .connect, .tls, .cutOff, .closing: .transport
        case .certificate: .refused
        case .timeout: .timeout
        case .tooLarge: .tooLarge
        case .violation: .malformed
        case .invalidRequest: .badRequest
        }
    }
}
