internal import EventLoop
package import Series
internal import Upstream

/// Carries out one call: sends what its exchange asks for, several requests at a time, within budget and retries, and
/// gathers what came. Knows nothing of tasks.
final class CallRunner {
    struct Outcome {
        var end: CallEnd
        var rows: [Row] = []
        var found: [FoundRow] = []
        var requests = 0
        /// By what answers said.
        var tokens = 0
        /// Of the requests, the ones that asked again for what had been asked for.
        var retries = 0
        var needs: Step.Needs?
        /// `Step.witnessed` of the end.
        var witnessed: Range<Int>?
        /// `Step.unanswered` of the end.
        var unanswered: Set<Int> = []
        /// `Step.isGone` of the end.
        var isGone = false
        /// `Step.isBeginning` of the end.
        var isBeginning = false
        /// Of the end too.
        var silentSince: Int64?
        var beginsAt: Int64?
        var dropped = 0
        var refused = Refusals()
        var marks: [QualityMark] = []
        var bodyBytes = 0
        /// Set where the call was broken off, and by what.
        var failure: CallFailure?
        /// Set where not a row came because requests were given up: why the last of them was.
        var defeat: String?
    }

    private let call: Int
    private let shape: CallShape?
    private let lane: Lane
    private let traceID: String?
    private let meter: CallMeter
    private let sender: RequestSender
    private let token: Local<RequestSender>
    private let policy: RetryPolicy
    private let inFlightMax: Int
    private let decoding: Loop
    private let random: () -> Double

    /// `token` stands for `sender` in the tasks that send; `decoding`: where large answers are read.
    init(
        call: Int, shape: CallShape? = nil, lane: Lane, traceID: String?, meter: CallMeter, sender: RequestSender,
        token: Local<RequestSender>, policy: RetryPolicy, inFlightMax: Int, decoding: Loop, random: @escaping () -> Double
    ) {
        self.call = call
        self.shape = shape
        self.lane = lane
        self.traceID = traceID
        self.meter = meter
        self.sender = sender
        self.token = token
        self.policy = policy
        self.inFlightMax = inFlightMax
        self.decoding = decoding
        self.random = random
    }

    func run(_ exchange: any Exchange) async -> Outcome {
        let reading = Reading(exchange, on: decoding)
        let token = token
        defer { sender.pacing.forget(call) }
        return await withTaskGroup(of: Sent.self) { group in
            var outcome = Outcome(end: .unproved("the call broke off"))
            var waiting = reading.start().map { attempt($0) }[...]
            var flying = 0
            var (lastFailure, outgrown): (CallFailure?, CallFailure?)
            var isOver = false
            while true {
                while !isOver, flying < inFlightMax, let attempt = waiting.popFirst() {
                    flying += 1
                    group.addTask { await token.loop.enter { loop in await loop[token].send(attempt) } }
                }
                if !isOver { sender.pacing.expect(waiting.lazy.map(\.request), of: call) }
                guard let sent = await group.next() else { break }
                flying -= 1
                meter.fetched(in: sent.seconds, isWell: sent.isAnswered)
                outcome.requests += sent.requests
                outcome.tokens += sent.tokens
                if sent.attempt.number > 1 || sent.attempt.request.attempt > 0 { outcome.retries += sent.requests }
                outcome.bodyBytes += sent.bodyBytes
                if isOver {
                    sender.judge(sent, nil)
                    continue
                }
                switch await digest(sent, by: reading) {
                case .step(let step, let failure):
                    lastFailure = failure ?? lastFailure
                    if failure?.subjectsThatFit != nil, step.requests.isEmpty { outgrown = failure }
                    isOver = take(step, after: lastFailure, into: &outcome)
                    waiting += step.requests.map { attempt($0) }
                case .again(let attempt):
                    waiting.append(attempt)
                case .broken(let failure):
                    outcome.failure = failure
                    outcome.end = .unproved(failure.reason)
                    isOver = true
                }
                // What is still waiting for its turn need not be sent any more.
                if isOver && flying > 0 { sender.pacing.abandon(call) }
            }
            // What was given up for its price is planned anew, in smaller calls.
            if let outgrown, case .unproved = outcome.end, outcome.failure == nil { outcome.end = .tooWide(outgrown.reason) }
            return outcome
        }
    }

    private func attempt(_ request: UpstreamRequest, number: Int = 1, delay: Double = 0) -> Attempt {
        Attempt(call: call, shape: shape, lane: lane, traceID: traceID, request: request, number: number, delay: delay)
    }

    private enum Digest {
        /// `after`: why the request that led to it was given up.
        case step(Step, after: CallFailure? = nil)
        case again(Attempt)
        case broken(CallFailure)
    }

    private func digest(_ sent: Sent, by reading: Reading) async -> Digest {
        let failure: CallFailure
        switch sent.result {
        case .success(let answer):
            let begun = Deadline.now
            let read = await reading.received(answer, to: sent.attempt.request)
            meter.decoded(since: begun, isWell: (try? read.get()) != nil)
            switch read {
            case .success(let step):
                sender.judge(sent, nil)
                return .step(step)
            case .failure(let defect):
                sender.judge(sent, defect.kind)
                failure = CallFailure(kind: defect.kind, reason: defect.reason)
            }
        case .failure(let error):
            failure = error
        }
        if failure.isClosing { return .broken(failure) }
        let request = sent.attempt.request
        if let fits = failure.subjectsThatFit {
            var parts = Step()
            parts.requests = reading.split(request, to: fits)
            if fits == 0 { return .broken(failure) }
            return parts.requests.isEmpty ? .step(reading.gaveUp(on: request, because: failure.kind), after: failure) : .step(parts)
        }
        var tries = sent.attempt.number
        if failure.kind == .throttled(retryAfterSeconds: nil), request.isDoubtful {
            // Each try that is refused doubles everybody's rest.
            if tries >= 2 { tries = policy.maxAttempts }
        } else if failure.kind.isThrottling {
            // A refusal for the quota's sake is not the request's fault: such tries count a tenth.
            tries = 1 + tries / 10
        }
        switch policy.decision(for: failure.kind, attempt: tries, jitter: random()) {
        case .retry(let seconds):
            return .again(attempt(request, number: sent.attempt.number + 1, delay: seconds))
        case .giveUp:
            // A refusal is the same for every request of the call; a page that did not come is this page's.
            let isOfAll = switch failure.kind {
            case .refused: true
            case .forbidden: !request.mayBeForbidden
            case .badRequest: !request.isDoubtful
            default: false
            }
            if isOfAll { return .broken(failure) }
            return .step(reading.gaveUp(on: request, because: failure.kind), after: failure)
        }
    }

    /// True where the call is over.
    private func take(_ step: Step, after failure: CallFailure?, into outcome: inout Outcome) -> Bool {
        outcome.rows += step.rows
        outcome.found += step.found
        outcome.dropped += step.dropped
        outcome.refused.add(step.quarantined)
        outcome.marks += step.marks
        outcome.needs = step.needs ?? outcome.needs
        guard let end = step.end else { return false }
        (outcome.witnessed, outcome.unanswered) = (step.witnessed, step.unanswered)
        (outcome.isGone, outcome.isBeginning) = (step.isGone, step.isBeginning)
        (outcome.silentSince, outcome.beginsAt) = (step.silentSince, step.beginsAt)
        if case .costlier(let needs, _) = end { outcome.needs = needs }
        if case .unproved(let why) = end, let failure {
            outcome.end = .unproved("\(why) (\(failure.reason))")
            // A call that answers for some of its series, or finds others, has not come for nothing; what is refused for what it asks
            // will be refused again.
            if outcome.rows.isEmpty, outcome.found.isEmpty, step.unanswered.isEmpty, failure.kind.isPassing {
                outcome.defeat = failure.reason
            }
        } else {
            outcome.end = end
        }
        return true
    }
}

/// One try of one request.
struct Attempt: Sendable {
    let call: Int
    /// By which its subjects are priced.
    let shape: CallShape?
    let lane: Lane
    /// Of the request that the call was made for.
    let traceID: String?
    let request: UpstreamRequest
    let number: Int
    /// Seconds to wait before it.
    let delay: Double
}

/// What became of one try.
struct Sent: Sendable {
    let attempt: Attempt
    let result: Result<UpstreamAnswer, CallFailure>
    /// What the upstream's quota counts: 1, or 0 where nothing was sent.
    let requests: Int
    let bodyBytes: Int
    /// By what the answer said.
    var tokens = 0
    /// From its sending to its end; nil where nothing was sent.
    var seconds: Double?
    /// Of an answer with status 200, until it was read: by what right it was sent, and when (`RequestSender.judge`).
    var unjudged: (permit: Allowance.Permit, sentAt: Deadline)?

    /// An answer came with status 200.
    var isAnswered: Bool { if case .success = result { true } else { false } }
}

/// Why a request or a call failed, for the retry policy and for people.
package struct CallFailure: Error, Sendable {
    package let kind: FailureClass
    package let reason: String
    /// The worker is shutting down, or the store is away: not the upstream's doing.
    package var isClosing = false
    /// Refused for want of tokens.
    var isWantOfTokens = false
    /// It was not sent: the upstream's bucket of tokens holds no more than what so many of its subjects cost.
    package var subjectsThatFit: Int?
}

extension FailureClass {
    var isThrottling: Bool { if case .throttled = self { true } else { false } }
}
