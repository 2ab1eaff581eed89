internal import EventLoop
internal import Series
internal import Store
internal import Upstream

/// Sends one upstream's requests: waits for the right to, sends, and sorts what came back by class of failure.
final class RequestSender {
    private let profile: UpstreamProfile
    private let access: UpstreamAccess
    private let fetcher: Fetcher
    private let loop: Loop
    private let observe: (IngestEvent) -> Void
    let pacing: Pacing
    let outcomes: OutcomeNotes
    /// Of all calls together.
    var requestsInFlight: Int { access.requestsInFlight ?? profile.requestsInFlight }

    /// `decoding`: where large answers are looked through for what they say of tokens.
    init(
        profile: UpstreamProfile, access: UpstreamAccess, store: Store, fetcher: Fetcher, clock: ServiceClock,
        loop: Loop, decoding: Loop? = nil, restSecondsMax: Double, observe: @escaping (IngestEvent) -> Void
    ) {
        self.profile = profile
        self.access = access
        self.fetcher = fetcher
        self.loop = loop
        self.observe = observe
        outcomes = OutcomeNotes(upstream: profile.name, store: store, loop: loop)
        let traffic = Traffic(atOnceMax: access.requestsInFlight ?? profile.requestsInFlight)
        let tokens = profile.tokens.map {
            TokenGate(
                upstream: profile.name, rules: $0, traffic: traffic, store: store, clock: clock, loop: loop, decoding: decoding,
                observe: observe)
        }
        pacing = Pacing(traffic: traffic, loop: loop, tokens: tokens) { scope in
            Allowance(
                upstream: profile.name, scope: scope, rate: access.rate, traffic: traffic, timeoutSeconds: profile.timeoutSeconds,
                doublingMax: max(600, restSecondsMax), store: store, clock: clock, loop: loop, observe: observe)
        }
    }

    /// What is sent with success is to be judged once it was read.
    func send(_ attempt: Attempt) async -> Sent {
        let allowance: Allowance
        let permit: Allowance.Permit
        var leave: TokenGate.Leave?
        do {
            if attempt.delay > 0 { try await pause(seconds: attempt.delay, attempt.call) }
            leave = try await takeTokens(attempt)
            allowance = pacing.allowance(for: attempt.request.scope)
            permit = try await allowance.take(attempt.call, attempt.lane)
        } catch {
            if let leave { pacing.tokens?.cancel(leave) }
            return Sent(attempt: attempt, result: .failure(interrupted(error)), requests: 0, bodyBytes: 0)
        }
        let start = Deadline.now
        let (result, bytes, tokens) = await transfer(attempt.request, attempt.traceID, allowance, permit, leave)
        let seconds = start.secondsAgo
        if case .failure(let failure) = result {
            // What a plan does not hold is answered, and nobody is to be alarmed by it.
            if failure.kind == .forbidden, attempt.request.mayBeForbidden { outcomes.addWell() } else { outcomes.add(failure) }
            return Sent(attempt: attempt, result: result, requests: 1, bodyBytes: bytes, tokens: tokens, seconds: seconds)
        }
        return Sent(
            attempt: attempt, result: result, requests: 1, bodyBytes: bytes, tokens: tokens, seconds: seconds, unjudged: (permit, start))
    }

    /// What was read in an answer with status 200: upstreams say there too that it is too much (Kraken: `EAPI:Rate limit exceeded`), or
    /// that they do not serve. To be told once of each that was sent with success. nil: nothing of the kind, or nobody has read it.
    func judge(_ sent: Sent, _ defect: FailureClass?) {
        guard let (permit, sentAt) = sent.unjudged else { return }
        let allowance = pacing.allowance(for: sent.attempt.request.scope)
        switch defect {
        case .throttled(let seconds)?:
            allowance.judged(permit, .throttled(seconds: seconds.map(Double.init), sentAt: sentAt))
        case let other: allowance.judged(permit, .other(isWell: other != .server))
        }
        switch defect {
        case let kind? where kind.isThrottling || kind == .server || kind == .refused || kind == .forbidden:
            outcomes.add(CallFailure(kind: kind, reason: ""))
        default: outcomes.addWell()
        }
    }

    private func transfer(
        _ request: UpstreamRequest, _ traceID: String?, _ allowance: Allowance, _ permit: Allowance.Permit, _ leave: TokenGate.Leave?
    ) async -> (Result<UpstreamAnswer, CallFailure>, Int, tokens: Int) {
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
            let seconds = start.secondsAgo
            let reading = if let leave { await pacing.tokens?.answered(leave, fetched.body) } else { TokenReading?.none }
            let result = sort(fetched, place: fetch.place, emptySeconds: reading.flatMap { pacing.tokens?.emptySeconds($0) })
            if case .failure(let failure) = result, failure.isWantOfTokens {
                // The bucket keeps everybody back for just so long.
                allowance.ended(permit, isWell: true, seconds: seconds)
            } else if case .failure(let failure) = result, case .throttled(let rest) = failure.kind {
                allowance.refused(permit, seconds: rest.map(Double.init), sentAt: start)
            } else if case .failure = result {
                allowance.ended(permit, isWell: fetched.status < 500, seconds: seconds)
            } else {
                allowance.landed(permit, seconds: seconds)
            }
            return (result, fetched.bytesReceived, Int(max(0, reading?.consumed ?? 0).rounded(.up)))
        } catch {
            allowance.ended(permit, isWell: false, seconds: nil)
            if let leave { Self.wasSent(error.kind) ? pacing.tokens?.lost(leave) : pacing.tokens?.cancel(leave) }
            report(fetch, error.kind.rawValue, since: start, bytes: error.received)
            var failure = CallFailure(kind: Self.failureClass(error.kind), reason: error.message)
            failure.isClosing = error.kind == .closing
            return (.failure(failure), error.received, 0)
        }
    }

    /// The trace goes on under a span of ours (W3C Trace Context, section 3.2); it is recorded, in the log at least.
    private static func traceParent(_ traceID: String) -> String {
        let span = String(UInt64.random(in: 1 ... .max), radix: 16)
        return "00-\(traceID)-\(String(repeating: "0", count: 16 - span.utf8.count))\(span)-01"
    }

    /// Where tokens are counted, before all else.
    private func takeTokens(_ attempt: Attempt) async throws -> TokenGate.Leave? {
        guard let gate = pacing.tokens, attempt.request.subjects > 0 else { return nil }
        let cost = TokenGate.Cost(
            shape: attempt.shape?.priceKey ?? "", subjects: attempt.request.subjects, fallback: attempt.shape?.tokensPerSubject ?? 1)
        return try await gate.take(attempt.call, attempt.lane, cost)
    }

    /// `emptySeconds`: how long there will be no tokens, where the answer says that there are none.
    private func sort(_ fetched: Fetched, place: String, emptySeconds: Double?) -> Result<UpstreamAnswer, CallFailure> {
        let reason = "\(place): status \(fetched.status)"
        switch fetched.status {
        case 200: return .success(UpstreamAnswer(body: fetched.body))
        case 401: return .failure(CallFailure(kind: .refused, reason: "\(reason): the upstream refused the credentials"))
        case 402: return .failure(CallFailure(kind: .refused, reason: "\(reason): the upstream refused the key, or wants to be paid first"))
        case 403: return .failure(CallFailure(kind: .forbidden, reason: "\(reason): the upstream refused the credentials for this"))
        case 429 where emptySeconds != nil:
            let seconds = Int(min(emptySeconds ?? 0, 86_400).rounded(.up))
            var failure = CallFailure(kind: .throttled(retryAfterSeconds: seconds), reason: "\(reason): no tokens are left")
            failure.isWantOfTokens = true
            return .failure(failure)
        case 429:
            let seconds = fetched.header("retry-after").flatMap { RetryAfter.seconds($0, now: Int64(ServiceClock.realNow)) }
            return .failure(CallFailure(kind: .throttled(retryAfterSeconds: seconds.map { Int($0) }), reason: reason))
        case 408, 425, 500...: return .failure(CallFailure(kind: .server, reason: reason))
        default: return .failure(CallFailure(kind: .badRequest, reason: reason))
        }
    }

    private func report(_ fetch: Fetch, _ outcome: String, since start: Deadline, bytes: Int) {
        let seconds = start.secondsAgo
        observe(.request(upstream: profile.name, place: fetch.place, outcome: outcome, seconds: seconds, bytes: bytes))
    }

    /// In short naps, so that a stop or the call's own end is noticed.
    private func pause(seconds: Double, _ call: Int) async throws {
        let end = Deadline.after(.nanoseconds(Int64(seconds * 1e9)))
        while true {
            if pacing.isAbandoned(call) { throw WaitError.closing }
            if Deadline.now >= end { return }
            try await loop.sleep(until: min(end, .after(.milliseconds(250))))
        }
    }

    private func interrupted(_ error: any Error) -> CallFailure {
        if case .tooDear(let fits)? = error as? TokenGate.Refusal {
            let what = fits == 0 ? "a request for one subject" : "a request for so many subjects (at most \(fits) fit)"
            return CallFailure(
                kind: .tooLarge, reason: "\(what) costs more tokens than the bucket of \(profile.name) ever holds", subjectsThatFit: fits)
        }
        return CallFailure(kind: .transport, reason: "interrupted: \(error)", isClosing: true)
    }

    /// Whether the upstream may have taken it up.
    private static func wasSent(_ kind: FetchError.Class) -> Bool {
        switch kind {
        case .resolve, .connect, .tls, .certificate, .invalidRequest: false
        case .cutOff, .closing, .timeout, .tooLarge, .violation: true
        }
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
