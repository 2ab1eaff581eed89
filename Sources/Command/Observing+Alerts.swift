internal import Ingest

extension Observing {
    /// What the duties `alarms` and `webhook` tell.
    func alert(_ event: IngestEvent) {
        switch event {
        case .alertOpened(let id, let kind, let severity, let scope, let subject, let message):
            shard.count("gapless_alerts_total{kind=\"\(kind)\",event=\"opened\"}")
            log.write(severity == "info" ? .info : .warning, "alert opened", [
                "alert": id, "kind": kind, "severity": severity, "scope": scope, "subject": subject, "message": message,
            ])
        case .alertCleared(let id, let kind, let severity, let scope, let subject, let because):
            shard.count("gapless_alerts_total{kind=\"\(kind)\",event=\"cleared\"}")
            log.write(.info, "alert cleared", [
                "alert": id, "kind": kind, "severity": severity, "scope": scope, "subject": subject, "because": because,
            ])
        case .webhookDelivered(let delivery, let event, let attempts):
            shard.count("gapless_webhook_deliveries_total{result=\"delivered\"}")
            log.write(.info, "webhook delivered", ["delivery": delivery, "event": event, "attempts": "\(attempts)"])
        case .webhookFailed(let delivery, let event, let attempts, let reason, let seconds?):
            shard.count("gapless_webhook_deliveries_total{result=\"failed\"}")
            log.write(.warning, "webhook not delivered", [
                "delivery": delivery, "event": event, "attempts": "\(attempts)", "reason": reason, "next_seconds": "\(seconds)",
            ])
        case .webhookFailed(let delivery, let event, let attempts, let reason, nil):
            shard.count("gapless_webhook_deliveries_total{result=\"given_up\"}")
            log.write(.error, "webhook given up", [
                "delivery": delivery, "event": event, "attempts": "\(attempts)", "reason": reason,
            ])
        default: break
        }
    }
}
