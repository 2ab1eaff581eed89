internal import Postgres
package import Series

/// One row of what the service does by itself. Instants are of the shown clock.
package struct StoredSchedule: Sendable, Equatable {
    package let dataset: String
    package let name: String
    /// In words.
    package let recurrence: String
    package let nextDue: Int64
    package let lastDue: Int64?
    package let lastRun: Int64?
    /// The last ingestion that it filed.
    package let lastIngestion: String?
}

extension Store {
    /// Brings a dataset's rows in line with its rules: new ones get a row, those of a changed rule a new `next_due`, and rows without a
    /// rule go. `now` is the shown clock; `atOnce` names the one that is due now where it is new.
    package func ensureSchedules(
        _ schedules: [DatasetSchedule], of dataset: String, now: Int64, atOnce: String? = nil
    ) async throws {
        try await pool.transaction { connection in
            for schedule in schedules.sorted(by: { $0.name < $1.name }) {
                let first = schedule.name == atOnce ? now : schedule.recurrence.next(after: now)
                _ = try await connection.query("""
                    insert into schedules as s (dataset, name, recurrence, next_due)
                    values (\(dataset), \(schedule.name), \(schedule.recurrence.words), \(.instant(first)))
                    on conflict (dataset, name) do update
                        set recurrence = excluded.recurrence, next_due = \(.instant(schedule.recurrence.next(after: now)))
                    where s.recurrence <> excluded.recurrence
                    """)
            }
            _ = try await connection.query("""
                delete from schedules where dataset = \(dataset) and name <> all(\(schedules.map(\.name)))
                """)
        }
    }

    /// By dataset and name.
    package func schedules(of datasets: [String]) async throws -> [StoredSchedule] {
        let rows = try await pool.read("""
            select s.dataset, s.name, s.recurrence, s.next_due, s.last_due, s.last_run, s.last_ingestion::text
            from schedules s where s.dataset = any(\(datasets)) order by s.dataset, s.name
            """)
        return try rows.map { row in
            StoredSchedule(
                dataset: try row.string(0), name: try row.string(1), recurrence: try row.string(2), nextDue: try row.instant(3),
                lastDue: try row.instantOrNil(4), lastRun: try row.instantOrNil(5), lastIngestion: try row.stringOrNil(6))
        }
    }

    /// Does one run: files what it asks for, each like `insertIngestion`, and moves the schedule on to `next`, in one transaction. A
    /// process that dies before its end has done nothing, one that dies after it all. Returns what was filed or found open, or nil where
    /// another process is at the run or has done it since it was `seen`, or that of a schedule `beside` it, which may ask for the same;
    /// then nothing is written. `now` is the shown clock.
    package func run(
        _ seen: StoredSchedule, beside: [StoredSchedule] = [], now: Int64, next: Int64, filing wanted: [NewIngestion]
    ) async throws -> [Filed]? {
        try await pool.transaction { connection in
            guard try await Self.hold([seen] + beside.filter { $0.name != seen.name }, on: connection) else { return nil }
            var filed: [Filed] = []
            for new in wanted {
                let (id, isNew) = try await Self.file(new, on: connection)
                filed.append(Filed(id: id, isNew: isNew, answer: nil))
            }
            _ = try await connection.query("""
                update schedules set next_due = \(.instant(next)), last_due = next_due, last_run = \(.instant(now)),
                    last_ingestion = coalesce(\(filed.last?.id)::uuid, last_ingestion)
                where dataset = \(seen.dataset) and name = \(seen.name)
                """)
            return filed
        }
    }

    /// Moves a schedule without a run. False where another process changed it since it was `seen`.
    @discardableResult
    package func move(_ seen: StoredSchedule, to next: Int64) async throws -> Bool {
        try await pool.transaction { connection in
            guard try await Self.hold([seen], on: connection) else { return false }
            _ = try await connection.query("""
                update schedules set next_due = \(.instant(next)) where dataset = \(seen.dataset) and name = \(seen.name)
                """)
            return true
        }
    }

    /// Until the transaction ends, and unless one of them, all of a dataset, is not as it was seen, or under another's lock.
    private static func hold(_ seen: [StoredSchedule], on connection: PostgresConnection) async throws -> Bool {
        let rows = try await connection.query("""
            select s.name, s.recurrence, s.next_due from schedules s
            where s.dataset = any(\(seen.map(\.dataset))) and s.name = any(\(seen.map(\.name))) order by s.name for update skip locked
            """)
        let found = try rows.map { "\(try $0.string(0))/\(try $0.string(1))/\(try $0.instant(2))" }
        return found == seen.sorted { $0.name < $1.name }.map { "\($0.name)/\($0.recurrence)/\($0.nextDue)" }
    }
}
