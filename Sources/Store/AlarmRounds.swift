internal import Bytes
internal import Postgres
package import Series

/// One look for what is wrong, in one transaction: what it read is not overtaken by another round's judgement.
package final class AlarmRound {
    private let connection: PostgresConnection

    fileprivate init(_ connection: PostgresConnection) { self.connection = connection }

    /// Alarms that a round opened and cleared.
    package struct Changes: Sendable {
        package var opened: [StoredAlert] = []
        package var cleared: [StoredAlert] = []
    }

    /// As far as they tell of a stretch of time.
    package func ledgers(of dataset: Dataset, in span: Range<Int64>) async throws -> [StoredSeries] {
        try await Store.ledgers(on: connection, of: dataset, in: span)
    }

    /// Of each series the score of the last records that came of it since an instant of the shown clock.
    package func latestQuality(of dataset: Dataset, since: Int64) async throws -> [SeriesQuality] {
        Array(try await Store.latestQuality(of: dataset, since: since, on: connection).values)
    }

    /// Whether anything is held of a dataset.
    package func holdsAny(of dataset: String) async throws -> Bool {
        try await !connection.query("""
            select true from coverage c join series s on s.id = c.series_id where s.dataset = \(dataset) and not isempty(c.held) limit 1
            """).isEmpty
    }

    /// Series that are followed for less than so many real seconds: their horizon is being fetched for the first time.
    package func newSeries(of dataset: String, within seconds: Double) async throws -> Set<Int> {
        let rows = try await connection.query("""
            select id from series where dataset = \(dataset) and created_at > now() - make_interval(secs => \(seconds))
            """)
        return Set(try rows.map { try $0.int(0) })
    }

    /// Absent slots whose reason is final, by series; none that end before an instant.
    package func lasting(of dataset: Dataset, _ series: [StoredSeries], from start: Int64) async throws -> [Int: Lacks.Lasting] {
        if dataset.finalReasons.isEmpty { return [:] }
        let concerned = series.filter { !$0.ledger.absent.isEmpty }
        let firsts = concerned.map { dataset.calendar(of: $0.key).ruler.slot(containing: start) }
        let rows = try await connection.query("""
            select a.series_id, a.reason = any(\(dataset.emptyReasons.sorted())), range_agg(int8range(a.first_slot, a.end_slot))
            from unnest(\(concerned.map { Int32($0.id) }), \(firsts)) as v (id, first)
            cross join lateral (
                select max(b.first_slot) as slot from absences b where b.series_id = v.id and b.first_slot <= v.first
            ) f join absences a on a.series_id = v.id and a.first_slot >= coalesce(f.slot, v.first) and a.end_slot > v.first
            where a.reason = any(\(dataset.finalReasons.sorted())) group by 1, 2
            """)
        var lasting: [Int: Lacks.Lasting] = [:]
        for row in rows {
            let slots = SlotSet(ranges: try row.ranges(2))
            if try row.bool(1) {
                lasting[try row.int(0), default: Lacks.Lasting()].empty = slots
            } else {
                lasting[try row.int(0), default: Lacks.Lasting()].lost = slots
            }
        }
        return lasting
    }

    /// What became of the requests of the last real seconds, by upstream.
    package func outcomes(ofSeconds seconds: Double) async throws -> [UpstreamOutcomes] {
        let rows = try await connection.query("""
            select upstream, outcome, sum(requests)::int8 from upstream_outcomes
            where noted_at > clock_timestamp() - make_interval(secs => \(seconds)) group by 1, 2
            """)
        var counts: [String: [String: Int]] = [:]
        for row in rows { counts[try row.string(0), default: [:]][try row.string(1)] = try row.int(2) }
        return counts.map { UpstreamOutcomes(upstream: $0.key, counts: $0.value) }.sorted { $0.upstream < $1.upstream }
    }

    /// Makes the open alarms those that are given: opens, brings up to date and clears. `over` says why an open one that is not among
    /// them is over, nil where it is not known to be. `now` is of the shown clock; `telling`: whether a webhook is to hear of it.
    package func settle(
        _ alarms: [Alarm], now: Int64, telling: Bool, over: (StoredAlert) -> StoredAlert.Clearing?
    ) async throws -> Changes {
        var changes = Changes()
        let open = try await Store.openAlerts(on: connection)
        let wanted = Dictionary(alarms.map { ($0.cause, $0) }) { first, _ in first }
        var standing: [Alarm.Cause: Alarm] = [:]
        for alert in open {
            let because: StoredAlert.Clearing?
            if let alarm = wanted[alert.cause] {
                // People are told anew where it begins or ceases to be something that they can mend.
                because = (alarm.severity == .info) == (alert.alarm.severity == .info) ? nil : .reclassified
            } else {
                because = over(alert)
            }
            if let because {
                let cleared = try await Store.clear(alert.id, because: because, now: now, on: connection)
                changes.cleared += cleared.map { [$0] } ?? []
            } else {
                standing[alert.cause] = alert.alarm
            }
        }
        for alarm in alarms where standing[alarm.cause] != alarm {
            let (alert, isNew) = try await Store.open(alarm, now: now, on: connection)
            if isNew { changes.opened.append(alert) }
        }
        if telling {
            try await tell("cleared", of: changes.cleared)
            try await tell("opened", of: changes.opened)
        }
        return changes
    }

    private func tell(_ event: String, of alerts: [StoredAlert]) async throws {
        if alerts.isEmpty { return }
        let ids = try await connection.query("""
            select gen_random_uuid()::text from generate_series(1, \(alerts.count))
            """).map { try $0.string(0) }
        let bodies = zip(ids, alerts).map { id, alert in
            var json = JSONWriter(capacity: 1024)
            json.beginObject()
            json.key("id")
            json.string(id)
            json.key("event")
            json.string(event)
            json.key("alert")
            alert.write(to: &json)
            json.endObject()
            return String(decoding: json.bytes, as: UTF8.self)
        }
        let causes = alerts.map { "\($0.cause.kind.rawValue)/\($0.cause.scope)/\($0.cause.key)" }
        _ = try await connection.query("""
            insert into alert_deliveries (id, cause, event, body)
            select id::uuid, cause, \(event), body
            from unnest(\(ids), \(causes), \(bodies)) with ordinality as v (id, cause, body, n) order by n
            """)
    }
}

extension Store {
    /// Runs `body` where no other round is under way, in this process or another, and none began within so many real seconds; nil
    /// where one is or did. What `body` throws undoes it.
    package func alarmRound<T>(apart seconds: Double, _ body: (AlarmRound) async throws -> T) async throws -> T? {
        try await pool.transaction { connection in
            let mine = try await connection.query("""
                select from alarm_rounds
                where begun_at is null or begun_at > clock_timestamp()
                    or begun_at <= clock_timestamp() - make_interval(secs => \(seconds))
                for update skip locked
                """)
            if mine.isEmpty { return nil }
            _ = try await connection.query("update alarm_rounds set begun_at = clock_timestamp()")
            return try await body(AlarmRound(connection))
        }
    }

    /// Adds to the sums of what became of requests.
    package func note(outcomes: [UpstreamOutcomes]) async throws {
        let all = outcomes.flatMap { one in
            one.counts.filter { $0.value > 0 }.sorted { $0.key < $1.key }.map { (one.upstream, $0.key, $0.value) }
        }
        if all.isEmpty { return }
        _ = try await pool.query("""
            insert into upstream_outcomes as o (upstream, noted_at, outcome, requests)
            select upstream, date_bin('5 seconds', clock_timestamp(), 'epoch'), outcome, requests
            from unnest(\(all.map(\.0)), \(all.map(\.1)), \(all.map(\.2))) as v (upstream, outcome, requests)
            order by 1, 3
            on conflict (upstream, noted_at, outcome) do update set requests = o.requests + excluded.requests
            """)
    }
}
