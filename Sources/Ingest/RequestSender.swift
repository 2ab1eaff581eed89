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

    init(
        profile: UpstreamProfile, access: UpstreamAccess, store: Store, fetcher: Fetcher, clock: ServiceClock,
        loop: Loop, restSecondsMax: Double, observe: @escaping (IngestEvent) -> Void
    ) {
        self.profile = profile
        self.access = access
        self.fetcher = fetcher
        self.loop = loop
        self.observe = observe
        outcomes = OutcomeNotes(upstream: profile.name, store: store, loop: loop)
        let traffic = Traffic(atOnceMax: access.requestsInFlight ?? profile.requestsInFlight)
        pacing = Pacing(traffic: traffic, loop: loop) { scope in
            Allowance(
                upstream: profile.name, scope: scope, rate: access.rate, traffic: traffic, timeoutSeconds: profile.timeoutSeconds,
                doublingMax: max(600, restSecondsMax), store: store, clock: clock, loop: loop, observe: observe)
        }
    }

    /// What is sent with success is to be judged once it was read.
    func send(_ attempt: Attempt) async -> Sent {
        let allowance: Allowance
        let permit: Allowance.Permit
        do {
            if attempt.delay > 0 { try await pause(seconds: attempt.delay, attempt.call) }
            allowance = pacing.allowance(for: attempt.request.scope)
            permit = try await allowance.take(attempt.call, attempt.lane)
        } catch {
            return Sent(attempt: attempt, result: .failure(interrupted(error)), requests: 0, bodyBytes: 0)
        }
        let start = Deadline.now
        let (result, bytes) = await transfer(attempt.request, attempt.traceID, allowance, permit)
        let seconds = start.secondsAgo
        if case .failure(let failure) = result {
            // What a plan does not hold is answered, and nobody is to be alarmed by it.
            if failure.kind == .forbidden, attempt.request.mayBeForbidden { outcomes.addWell() } else { outcomes.add(failure) }
            return Sent(attempt: attempt, result: result, requests: 1, bodyBytes: bytes, seconds: seconds)
        }
        return Sent(attempt: attempt, result: result, requests: 1, bodyBytes: bytes, seconds: seconds, unjudged: (permit, start))
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
        _ request: UpstreamRequest, _ traceID: String?, _ allowance: Allowance, _ permit: Allowance.Permit
    ) async -> (Result<UpstreamAnswer, CallFailure>, Int) {
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
            let result = sort(fetched, place: fetch.place)
            if case .failure(let failure) = result, case .throttled(let rest) = failure.kind {
                allowance.refused(permit, seconds: rest.map(Double.init), sentAt: start)
            } else if case .failure = result {
                allowance.ended(permit, isWell: fetched.status < 500, seconds: seconds)
            } else {
                allowance.landed(permit, seconds: seconds)
            }
            return (result, fetched.bytesReceived)
        } catch {
            allowance.ended(permit, isWell: false, seconds: nil)
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

    private func sort(_ fetched: Fetched, place: String) -> Result<UpstreamAnswer, CallFailure> {
        let reason = "\(place): status \(fetched.status)"
        switch fetched.status {
        case 200: return .success(UpstreamAnswer(body: fetched.body))
        case 401: return .failure(CallFailure(kind: .refused, reason: "\(reason): the upstream refused the credentials"))
        case 403: return .failure(CallFailure(kind: .forbidden, reason: "\(reason): the upstream refused the credentials for this"))
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
