internal import Postgres
package import Series

/// What was asked of an ingestion is not possible as it is.
package struct IllegalMove: Error, Sendable, Equatable {
    package enum Cause: Sendable, Equatable {
        case status
        /// Another ingestion of the same selection is open.
        case equalIsOpen
        /// It has been over for so long that it is being taken out.
        case isExpiring
    }

    /// As it is.
    package let status: IngestionStatus
    /// What was asked: `pause`, `resume`, `cancel`.
    package let action: String
    package let cause: Cause
}

/// What people do to an ingestion. Each in one transaction under the ingestion's row lock; asking again for what already is so changes
/// nothing. The tasks under way are not touched here: their workers learn it when they renew the lease, at the latest, and put them down
/// (`release`), or end them where the answers have come by then.
extension Store {
    /// No task of it is begun any more, and those under way are put down. nil where there is no such ingestion; throws `IllegalMove`,
    /// and `KeyRefusal` where the key has been used.
    ///
    /// - Parameter by: who asks.
    package func pause(
        ingestion id: String, by: Asker, keeping: Keeping<StoredIngestion>? = nil
    ) async throws -> StoredIngestion? {
        try await move(id, .pause, ("pause", .ingestionPaused), by, keeping) { _, _ in }
    }

    /// Back to the queue. Where it had ended as partial or failed: tasks that failed or are parked are begun anew with all their attempts,
    /// and when they have ended, what the selection still lacks is planned anew once. nil, throws: as `pause`.
    package func resume(
        ingestion id: String, by: Asker, keeping: Keeping<StoredIngestion>? = nil
    ) async throws -> StoredIngestion? {
        try await move(id, .resume, ("resume", .ingestionResumed), by, keeping) { before, connection in
            _ = try await connection.query("""
                update tasks set next_at = now() where ingestion_id = \(id)::uuid and status = 'available' and next_at > now()
                """)
            guard before.isOver else { return }
            _ = try await connection.query("""
                update tasks set status = 'available', attempts = 0, next_at = now(), finished_at = null, ended = null, error = null
                where ingestion_id = \(id)::uuid and status in ('failed', 'parked')
                """)
            _ = try await connection.query("update ingestions set is_resumed = true, replans = 0, error = null where id = \(id)::uuid")
        }
    }

    /// It is over, and no task of it is begun any more, parked ones included; rows that have come stay. An equal selection may be filed
    /// again at once. nil, throws: as `pause`.
    package func cancel(
        ingestion id: String, by: Asker, keeping: Keeping<StoredIngestion>? = nil
    ) async throws -> StoredIngestion? {
        // There may be a hundred thousand: they are ended by and by (`releaseLapsed`), and are shown as what they are meanwhile.
        try await move(id, .cancel, ("cancel", .ingestionCancelled), by, keeping) { _, _ in }
    }

    private func move(
        _ id: String, _ action: IngestionStatus.Action, _ words: (name: String, deed: AuditNote.What), _ by: Asker,
        _ keeping: Keeping<StoredIngestion>?,
        _ also: (IngestionStatus, PostgresConnection) async throws -> Void
    ) async throws -> StoredIngestion? {
        guard isUUID(id) else { return nil }
        return try await pool.transaction { connection in
            if let keeping { try await Self.take(keeping.key, on: connection) }
            let rows = try await connection.query("select status, is_expiring from ingestions where id = \(id)::uuid for update")
            guard let row = rows.first, let status = IngestionStatus(rawValue: try row.string(0)) else { return nil }
            guard let next = status.moved(by: action) else { throw IllegalMove(status: status, action: words.name, cause: .status) }
            if next != status {
                if try row.bool(1) { throw IllegalMove(status: status, action: words.name, cause: .isExpiring) }
                do {
                    _ = try await connection.query("""
                        update ingestions set status = \(next.rawValue), moves = moves + 1, moved_by = \(by.name), moved_at = now(),
                            finished_at = case when \(next.isOver) then now() end where id = \(id)::uuid
                        """)
                } catch let error as PostgresError where error.kind == .uniqueViolation {
                    throw IllegalMove(status: status, action: words.name, cause: .equalIsOpen)
                }
                try await also(status, connection)
                _ = try await connection.query("select pg_notify('gapless_tasks', dataset) from ingestions where id = \(id)::uuid")
            }
            let moved = try Self.ingestion(try await connection.query("\(Self.ingestionColumns) where i.id = \(id)::uuid").only())
            if next != status { try await Self.audit(AuditNote(words.deed, of: moved.id, by: by, dataset: moved.dataset), on: connection) }
            if let keeping { try await Self.keep(keeping.answer(moved), under: keeping.key, on: connection) }
            return moved
        }
    }
}
