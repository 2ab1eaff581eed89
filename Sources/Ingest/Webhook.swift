internal import Codec
internal import Series
package import Store
package import Upstream

/// Tells an address of other people what alarms were opened and cleared: signed, tried again while it does not answer well, and given up in
/// the end. At least once, each time with the same id; of one cause in the order of what happened.
package final class Webhook: Duty {
    package struct Settings: Sendable {
        /// Tries in all, and the pauses between them: doubled from the first to the longest, with jitter. Twelve tries take about a day.
        package var attemptsMax = 12
        package var firstPauseSeconds = 30.0
        package var longestPauseSeconds = 21_600.0
        /// Of one try.
        package var timeoutSeconds = 15

        package init() {}
    }

    package let name = "webhook"
    private let store: Store
    private let hook: Hook
    private let secret: Secret
    private let fetcher: Fetcher
    private let settings: Settings
    private let observe: (IngestEvent) -> Void

    private var isStopping = false

    /// Deliveries of one turn.
    private static let atOnce = 50

    package init(
        store: Store, hook: Hook, secret: Secret, fetcher: Fetcher, settings: Settings = Settings(),
        observe: @escaping (IngestEvent) -> Void
    ) {
        self.store = store
        self.hook = hook
        self.secret = secret
        self.fetcher = fetcher
        self.settings = settings
        self.observe = observe
    }

    package func perform() async throws -> Double {
        for _ in 0..<Self.atOnce where !isStopping {
            // Longer than a try can take, so that no other begins before it has ended.
            guard let delivery = try await store.claimDelivery(leaseSeconds: Double(settings.timeoutSeconds) + 30) else { return 2 }
            try await deliver(delivery)
        }
        return 0
    }

    /// A receiver that keeps a delivery hanging does not keep the service from its end: it is told again after the next start.
    package func stop() {
        isStopping = true
        fetcher.close()
    }

    private func deliver(_ delivery: AlertDelivery) async throws {
        let outcome = await send(delivery)
        guard let reason = outcome.reason else {
            try await store.delivered(delivery)
            return observe(.webhookDelivered(delivery: delivery.id, event: delivery.event, attempts: delivery.attempts))
        }
        if outcome.isClosing { return try await store.putOff(delivery, seconds: 0, because: reason) }
        var pause: Double?
        if delivery.attempts >= settings.attemptsMax {
            try await store.gaveUp(delivery, because: reason)
        } else {
            let full = min(settings.firstPauseSeconds * Double(1 << min(delivery.attempts - 1, 30)), settings.longestPauseSeconds)
            let wanted = max(full * Double.random(in: 0.75...1), min(outcome.retryAfter, settings.longestPauseSeconds))
            try await store.putOff(delivery, seconds: wanted, because: reason)
            pause = wanted
        }
        observe(
            .webhookFailed(
                delivery: delivery.id, event: delivery.event, attempts: delivery.attempts, reason: reason, secondsUntilNext: pause))
    }

    /// Why a try came to nothing; nil where it was taken.
    private struct Outcome {
        var reason: String?
        var retryAfter = 0.0
        var isClosing = false
    }

    private func send(_ delivery: AlertDelivery) async -> Outcome {
        let body = Array(delivery.body.utf8)
        let now = Int64(ServiceClock.realNow)
        var fetch = hook.post(
            body, type: "application/json",
            headers: [
                ("Gapless-Event", delivery.event), ("Gapless-Delivery", delivery.id), ("Gapless-Timestamp", "\(now)"),
                ("Gapless-Signature", Self.signature(of: body, at: now, secret)),
            ])
        fetch.limits.total = .seconds(settings.timeoutSeconds)
        fetch.limits.slowFor = .seconds(settings.timeoutSeconds)
        fetch.limits.body = 1 << 20
        do {
            let answer = try await fetcher.fetch(fetch)
            // A redirect is not followed: what it was told was for this address.
            if (200..<300).contains(answer.status) { return Outcome() }
            let seconds = answer.header("retry-after").flatMap { RetryAfter.seconds($0, now: now) }
            return Outcome(reason: "status \(answer.status)", retryAfter: Double(seconds ?? 0))
        } catch {
            // Its message has the path, which may be a secret.
            return Outcome(reason: error.kind.rawValue, isClosing: error.kind == .closing)
        }
    }

    /// `v1=` and the hex of HMAC-SHA256 over the time of sending, a point and the body.
    static func signature(of body: [UInt8], at now: Int64, _ secret: Secret) -> String {
        "v1=" + Hex.encode(secret.signing { HMACSHA256.code(of: Array("\(now).".utf8) + body, key: $0) })
    }
}
