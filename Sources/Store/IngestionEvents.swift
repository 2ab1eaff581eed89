internal import EventLoop
internal import Postgres

/// Something that happened to an ingestion, written in the transaction of what it tells.
package struct IngestionEvent: Sendable, Equatable {
    /// Grows; of one ingestion in the order in which the events became true.
    package let id: Int64
    /// Real time.
    package let at: Int64
    /// `filed`, `started`, `task`, `paused`, `resumed`, `cancelled`, `replanned`, `ended`.
    package let kind: String
    /// A JSON object on one line.
    package let facts: String

    /// Nothing happens after it unless somebody resumes the ingestion.
    package var isEnd: Bool { kind == "ended" || kind == "cancelled" }
}

/// An ingestion with its place in the order of its events, read at one moment.
package struct WatchedIngestion: Sendable {
    package let job: StoredIngestion
    /// Id of its last event, 0 where none is kept.
    package let last: Int64
    /// Id of the last one that ended it, 0 where none is kept.
    package let end: Int64
}

extension Store {
    /// nil where there is no such ingestion.
    package func watched(ingestion id: String) async throws -> WatchedIngestion? {
        guard isUUID(id) else { return nil }
        return try await pool.transaction { connection in
            _ = try await connection.query("set transaction isolation level repeatable read, read only")
            let rows = try await connection.query("\(Self.ingestionColumns) where i.id = \(id)::uuid")
            guard let job = try rows.first.map(Self.ingestion) else { return nil }
            let last = try await connection.query("""
                select coalesce(max(id), 0), coalesce(max(id) filter (where kind in ('ended', 'cancelled')), 0) from ingestion_events
                where ingestion_id = \(id)::uuid
                """).only()
            return WatchedIngestion(job: job, last: try last.int64(0), end: try last.int64(1))
        }
    }

    /// Oldest first, those behind `after`.
    package func events(of ingestion: String, after: Int64, limit: Int) async throws -> [IngestionEvent] {
        guard isUUID(ingestion) else { return [] }
        let rows = try await pool.read("""
            select id, at, kind, data::text from ingestion_events
            where ingestion_id = \(ingestion)::uuid and id > \(after) order by id limit \(limit)
            """)
        return try rows.map { row in
            IngestionEvent(id: try row.int64(0), at: try row.instant(1), kind: try row.string(2), facts: try row.string(3))
        }
    }

    /// Calls `heard` with nil once the ingestions' events can be heard, and at each of them with its ingestion's id; returns when
    /// `isWanted` says no, at the latest half a minute later, and throws when they cannot be heard any more, or the loop closes.
    package func hearEvents(while isWanted: () -> Bool, _ heard: (String?) -> Void) async throws {
        try await hear("gapless_events", as: "events", while: isWanted, heard)
    }

    /// As `hearEvents`, for what workers are told: there may be work, or what is under way may have been paused or cancelled. `heard` is
    /// called with the dataset's name.
    package func hearTasks(while isWanted: () -> Bool, _ heard: (String?) -> Void) async throws {
        try await hear("gapless_tasks", as: "tasks", while: isWanted, heard)
    }

    /// On a connection of its own: what one hears is lost with it. Notifications are hints only: whoever needs to know looks at the table.
    func hear(_ channel: String, as name: String, while isWanted: () -> Bool, _ heard: (String?) -> Void) async throws {
        var configuration = pool.configuration
        configuration.applicationName += " \(name)"
        let connection = try await PostgresConnection.connect(configuration, on: pool.loop)
        defer { connection.close() }
        try await connection.listen(try Self.identifier(channel))
        heard(nil)
        while isWanted() {
            if let told = try await connection.notification(until: .after(.seconds(30))) {
                heard(told.payload)
            } else {
                // A server that is gone without a word is found out by asking it something.
                _ = try await connection.query("select 1")
            }
        }
    }
}
