/// Why a request failed, in the classes that need different answers.
package enum FailureClass: Sendable, Hashable {
    /// No connection, or it broke.
    case transport
    case timeout
    /// 429, with what Retry-After said.
    case throttled(retryAfterSeconds: Int?)
    /// 5xx.
    case server
    /// 401, a certificate that does not hold: asking again would only annoy.
    case refused
    /// 403: the credentials hold, but not for this.
    case forbidden
    /// Any other 4xx: the request itself is wrong.
    case badRequest
    /// The body is not what the upstream promises.
    case malformed
    /// The answer is longer than allowed: it would be as long again.
    case tooLarge
    /// The answer came without proof of its end.
    case incomplete
    /// The answer is not filtered as asked: this shape of call cannot be used.
    case filterIgnored

    /// Whether the same request may well go through later.
    package var isPassing: Bool {
        switch self {
        case .transport, .timeout, .throttled, .server, .malformed, .incomplete: true
        case .refused, .forbidden, .badRequest, .tooLarge, .filterIgnored: false
        }
    }
}

/// Whether and when a failed request is tried again: exponential back-off with full jitter, so that workers that failed together do
/// not come back together.
package struct RetryPolicy: Sendable, Hashable {
    package enum Decision: Sendable, Hashable {
        case retry(afterSeconds: Double)
        case giveUp
    }

    /// Attempts in all, the first included.
    package let maxAttempts: Int
    package let baseSeconds: Double
    package let capSeconds: Double
    /// The longest Retry-After that is waited for in full.
    package let retryAfterCapSeconds: Double

    package init(maxAttempts: Int, baseSeconds: Double, capSeconds: Double, retryAfterCapSeconds: Double = 3600) {
        self.maxAttempts = maxAttempts
        self.baseSeconds = baseSeconds
        self.capSeconds = capSeconds
        self.retryAfterCapSeconds = retryAfterCapSeconds
    }

    /// - Parameters:
    ///   - attempt: attempts made so far, at least 1.
    ///   - jitter: a random number in 0..<1; the caller's, so that this stays a function.
    package func decision(for failure: FailureClass, attempt: Int, jitter: Double) -> Decision {
        if !failure.isPassing || attempt >= maxAttempts { return .giveUp }
        var ceiling = baseSeconds
        for _ in 1..<max(attempt, 1) where ceiling < capSeconds { ceiling *= 2 }
        let wait = min(ceiling, capSeconds) * jitter
        if case .throttled(let seconds?) = failure {
            // The upstream's word is the least; the jitter comes on top, for the same reason as ever.
            return .retry(afterSeconds: min(Double(max(0, seconds)), retryAfterCapSeconds) + min(wait, baseSeconds))
        }
        return .retry(afterSeconds: wait)
    }
}
