internal import Postgres

/// Something that a webhook is to be told, held by whoever claimed it until its lease is over.
package struct AlertDelivery: Sendable {
    /// The same with every try.
    package let id: String
    /// `opened` or `cleared`.
    package let event: String
    /// JSON, the same with every try.
    package let body: String
    /// This try included.
    package let attempts: Int
}

/// The outbox of webhooks. A claim puts the row off by its lease and counts the try before it is made: a process that dies with it loses
/// nothing, and what it had is sent once more. Real time, this server's clock.
extension Store {
    /// The oldest delivery that is due, but none of which an earlier one of the same cause is still to be made.
    package func claimDelivery(leaseSeconds: Double) async throws -> AlertDelivery? {
        let rows = try await pool.query("""
            with due as (
                select d.ordinal from alert_deliveries d
                where d.ended_at is null and d.next_at <= clock_timestamp() and not exists (
                    select from alert_deliveries e where e.cause = d.cause and e.ordinal < d.ordinal and e.ended_at is null)
                order by d.ordinal limit 1 for update skip locked
            )
            update alert_deliveries d
            set attempts = d.attempts + 1, next_at = clock_timestamp() + make_interval(secs => \(leaseSeconds))
            from due where d.ordinal = due.ordinal
            returning d.id::text, d.event, d.body, d.attempts
            """)
        return try rows.first.map {
            AlertDelivery(id: try $0.string(0), event: try $0.string(1), body: try $0.string(2), attempts: try $0.int(3))
        }
    }

    /// It was taken. Nothing where another has claimed it since.
    package func delivered(_ delivery: AlertDelivery) async throws { try await end(delivery, "delivered", nil) }

    /// It is not tried again.
    package func gaveUp(_ delivery: AlertDelivery, because reason: String) async throws { try await end(delivery, "given_up", reason) }

    private func end(_ delivery: AlertDelivery, _ how: String, _ reason: String?) async throws {
        _ = try await pool.query("""
            update alert_deliveries set ended_at = clock_timestamp(), ended = \(how), error = \(reason)
            where id = \(delivery.id)::uuid and attempts = \(delivery.attempts) and ended_at is null
            """)
    }

    /// It is to be tried again after so many seconds.
    package func putOff(_ delivery: AlertDelivery, seconds: Double, because reason: String) async throws {
        _ = try await pool.query("""
            update alert_deliveries set next_at = clock_timestamp() + make_interval(secs => \(seconds)), error = \(reason)
            where id = \(delivery.id)::uuid and attempts = \(delivery.attempts) and ended_at is null
            """)
    }
}
