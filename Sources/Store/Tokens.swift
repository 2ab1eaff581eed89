internal import Postgres
package import Series

/// The bucket of tokens of an upstream, shared by every process: `TokenLedger` under a row lock. What a request may cost is promised to it
/// before it is sent, for as long as somebody answers for it.
extension Store {
    /// What was promised to one request.
    package struct TokenReservation: Sendable, Hashable {
        package let id: Int64
        package let amount: Double
        /// Shown clock; no later than the request is sent.
        package let madeAt: Double
    }

    package enum TokenAnswer: Sendable, Hashable {
        case granted(TokenReservation)
        /// Seconds of the shown clock until it is worth asking again.
        case wait(seconds: Double)
        /// The bucket never holds what it would cost: a request for so many subjects goes, 0 where none would.
        case tooDear(subjectsThatFit: Int)
    }

    /// Declares the bucket, or changes what settings say of it. What was heard of it stays.
    package func declareTokens(upstream: String, _ rules: TokenRules, now: Double) async throws {
        let new = TokenLedger(
            refillPerMinute: rules.refillPerMinute, capacityMinutes: rules.capacityMinutes, floor: rules.floor, at: now)
        _ = try await pool.query("""
            insert into token_budgets (upstream, refill_per_minute, capacity_minutes, floor, balance, at, next_step_at)
            values (\(upstream), \(new.rate), \(new.capacityMinutes), \(new.declaredFloor), \(new.balance),
                to_timestamp(\(new.at)), to_timestamp(\(new.nextStep)))
            on conflict (upstream) do update set capacity_minutes = excluded.capacity_minutes, floor = excluded.floor
            where (token_budgets.capacity_minutes, token_budgets.floor)
                is distinct from (excluded.capacity_minutes, excluded.floor)
            """)
    }

    /// Asks for what a request costs that is to be sent at once.
    ///
    /// - Parameters:
    ///   - fallback: tokens that a subject costs where nothing was learnt of this shape.
    ///   - now: the shown clock.
    ///   - leaseSeconds: of real time, after which it counts as sent and lost unless it was renewed.
    package func reserveTokens(
        upstream: String, shape: String, subjects: Int, fallback: Double, now: Double, leaseSeconds: Double = 30
    ) async throws -> TokenAnswer {
        try await pool.transaction { connection in
            let (before, ledger) = try await Self.lockTokens(upstream, now: now, on: connection)
            let row = try await connection.query("""
                select coalesce((select sum(amount) from token_reservations where upstream = \(upstream)), 0)::float8,
                    p.mean, p.high, p.samples, extract(epoch from p.at)::float8 as priced_at
                from (select) one left join token_prices p on p.upstream = \(upstream) and p.shape = \(shape)
                """).only()
            let reserved = try row.double(0)
            let price = try Self.price(row, fallback: fallback, now: now)
            if ledger != before { try await Self.keepTokens(ledger, of: upstream, on: connection) }
            switch ledger.verdict(on: max(1, subjects), price: price, reserved: reserved) {
            case .wait(let seconds): return .wait(seconds: seconds)
            case .tooDear(let fits): return .tooDear(subjectsThatFit: fits)
            case .granted(let amount):
                let id = try await connection.query("""
                    insert into token_reservations (upstream, amount, lease_until)
                    values (\(upstream), \(amount), clock_timestamp() + make_interval(secs => \(leaseSeconds))) returning id
                    """).only().int64(0)
                return .granted(TokenReservation(id: id, amount: amount, madeAt: now))
            }
        }
    }

    /// An answer came, whatever its status, and was read at `now` (shown clock). nil where it says nothing of the bucket: then what was
    /// promised counts as spent until another tells.
    package func reconcileTokens(
        upstream: String, _ reservation: TokenReservation, _ reading: TokenReading?, shape: String, subjects: Int, fallback: Double,
        now: Double
    ) async throws {
        guard let reading else { return try await loseTokens(upstream: upstream, reservation, now: now) }
        try await pool.transaction { connection in
            let (_, ledger) = try await Self.lockTokens(upstream, now: now, but: reservation.id, on: connection)
            _ = try await connection.query("delete from token_reservations where id = \(reservation.id)")
            // Where it is older than what is known, what is known has what it cost already.
            let heard = ledger.hearing(reading, sentAt: reservation.madeAt, at: now)
            try await Self.keepTokens(heard, of: upstream, spent: max(0, reading.consumed), on: connection)
            if reading.consumed <= 0 { return }
            let row = try await connection.query("""
                select p.mean, p.high, p.samples, extract(epoch from p.at)::float8 as priced_at
                from (select) one left join token_prices p on p.upstream = \(upstream) and p.shape = \(shape)
                """).only()
            let price = try Self.price(row, fallback: fallback, now: now)
                .learning(reading.consumed, subjects: subjects, at: now)
            if price.samples == 0 { return }
            _ = try await connection.query("""
                insert into token_prices (upstream, shape, mean, high, samples, at)
                values (\(upstream), \(shape), \(price.mean), \(price.high), \(price.samples), to_timestamp(\(price.at)))
                on conflict (upstream, shape) do update set mean = excluded.mean, high = excluded.high, samples = excluded.samples,
                    at = excluded.at
                """)
        }
    }

    /// It was sent, and came to no answer: what was promised counts as spent until an answer tells.
    package func loseTokens(upstream: String, _ reservation: TokenReservation, now: Double) async throws {
        try await pool.transaction { connection in
            let (_, ledger) = try await Self.lockTokens(upstream, now: now, but: reservation.id, on: connection)
            let gone = try await connection.query("delete from token_reservations where id = \(reservation.id) returning true")
            try await Self.keepTokens(gone.isEmpty ? ledger : ledger.losing(reservation.amount, at: now), of: upstream, on: connection)
        }
    }

    /// It was not sent.
    package func cancelTokens(_ reservation: TokenReservation) async throws {
        _ = try await pool.query("delete from token_reservations where id = \(reservation.id)")
    }

    /// They are still answered for.
    package func renewTokens(_ reservations: [Int64], leaseSeconds: Double = 30) async throws {
        _ = try await pool.query("""
            update token_reservations set lease_until = clock_timestamp() + make_interval(secs => \(leaseSeconds))
            where id = any(\(reservations))
            """)
    }

    /// What is known of an upstream's tokens at `now` (shown clock); nil where it counts none. Nothing is locked or changed.
    package func tokenFacts(upstream: String, now: Double) async throws -> TokenFacts? {
        try await tokenFacts(now: now, upstream: upstream)[upstream]
    }

    /// By upstream.
    package func tokenFacts(now: Double, upstream: String? = nil) async throws -> [String: TokenFacts] {
        let prices = try await pool.read("""
            select mean, high, samples, extract(epoch from at)::float8 as priced_at, upstream, shape from token_prices
            where \(upstream)::text is null or upstream = \(upstream)
            """)
        var known: [String: [String: TokenLedger.Price]] = [:]
        for row in prices {
            let price = try Self.price(row, fallback: 0, now: now)
            if price.samples > 0 { known[try row.string(4), default: [:]][try row.string(5)] = price }
        }
        let rows = try await pool.read("""
            select \(Self.ledgerColumns), upstream, spent, coalesce((
                select sum(amount) from token_reservations r where r.upstream = b.upstream
            ), 0)::float8
            from token_budgets b where \(upstream)::text is null or upstream = \(upstream)
            """)
        var facts: [String: TokenFacts] = [:]
        for row in rows {
            let name = try row.string(10)
            facts[name] = TokenFacts(
                ledger: try Self.ledger(row).advanced(to: now), reserved: try row.double(12), prices: known[name] ?? [:],
                spent: try row.double(11))
        }
        return facts
    }

    // MARK: The row

    private static let ledgerColumns: SQL = """
        refill_per_minute, capacity_minutes, floor, balance, extract(epoch from at)::float8, extract(epoch from next_step_at)::float8,
            extract(epoch from heard_at)::float8, said_at, extract(epoch from lost_at)::float8, lowest
        """

    /// The next step of a bucket that nothing is added to is kept as one that never comes: it is looked for again in a step.
    private static func ledger(_ row: Postgres.Row) throws -> TokenLedger {
        let (at, next) = (try row.double(4), try row.double(5))
        return TokenLedger(
            rate: try row.double(0), isStill: next == .infinity, capacityMinutes: try row.double(1), floor: try row.double(2),
            balance: try row.double(3), at: at, nextStep: next < .infinity ? next : at + TokenLedger.step,
            heardAt: try row.doubleOrNil(6), saidAt: try row.doubleOrNil(7), lostAt: try row.doubleOrNil(8),
            lowest: try row.doubleOrNil(9))
    }

    /// Locks the row; what it says, and what it comes to by now: what nobody answers for any more is lost. `own`: not that.
    private static func lockTokens(
        _ upstream: String, now: Double, but own: Int64? = nil, on connection: PostgresConnection
    ) async throws -> (before: TokenLedger, now: TokenLedger) {
        let before = try ledger(
            try await connection.query("select \(ledgerColumns) from token_budgets where upstream = \(upstream) for update").only())
        let dead = try await connection.query("""
            delete from token_reservations where upstream = \(upstream) and lease_until < clock_timestamp() and id <> \(own ?? -1)
            returning amount
            """)
        var ledger = before.advanced(to: now)
        for row in dead { ledger = ledger.losing(try row.double(0), at: now) }
        return (before, ledger)
    }

    private static func keepTokens(
        _ ledger: TokenLedger, of upstream: String, spent: Double = 0, on connection: PostgresConnection
    ) async throws {
        let nextStep = ledger.isStill ? Double.infinity : ledger.nextStep
        _ = try await connection.query("""
            update token_budgets set refill_per_minute = \(ledger.rate), balance = \(ledger.balance),
                at = to_timestamp(\(ledger.at)), next_step_at = to_timestamp(\(nextStep)),
                heard_at = to_timestamp(\(ledger.heardAt)::float8), said_at = \(ledger.saidAt),
                lost_at = to_timestamp(\(ledger.lostAt)::float8), lowest = \(ledger.lowest), spent = spent + \(spent)
            where upstream = \(upstream)
            """)
    }

    /// All null where nothing was learnt. What is too old says nothing.
    private static func price(_ row: Postgres.Row, fallback: Double, now: Double) throws -> TokenLedger.Price {
        guard let mean = try row.doubleOrNil("mean"), let high = try row.doubleOrNil("high"),
            let samples = try row.int64OrNil("samples"), let at = try row.doubleOrNil("priced_at")
        else { return .assumed(fallback) }
        let price = TokenLedger.Price(mean: mean, high: high, samples: Int(samples), at: at)
        return price.isCurrent(at: now) ? price : .assumed(fallback)
    }
}
