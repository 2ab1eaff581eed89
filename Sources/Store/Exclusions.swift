internal import Postgres
internal import Series

/// A person's word that slots of some series are not expected.
package struct StoredExclusion: Sendable {
    package let id: String
    package let dataset: String
    /// The key values as they were given, JSON.
    package let keys: String
    /// How many series these meant.
    package let series: Int
    /// Instants, half-open.
    package let from: Int64
    package let to: Int64
    /// Slots of each series.
    package let slots: Int
    package let note: String
    package let madeBy: String
    /// Real time, as `liftedAt`.
    package let madeAt: Int64
    package let liftedBy: String?
    package let liftedAt: Int64?
}

/// Exclusions. `coverage.excluded` is the union of those in force, in the transaction that changes one.
extension Store {
    package struct NewExclusion: Sendable {
        package let dataset: String
        /// JSON.
        package let keys: String
        package let seriesIDs: [Int]
        package let from: Int64
        package let to: Int64
        package let slots: Range<Int>
        package let note: String
        package let madeBy: String
        package let requestID: String?

        package init(
            dataset: String, keys: String, seriesIDs: [Int], from: Int64, to: Int64, slots: Range<Int>, note: String, madeBy: String,
            requestID: String? = nil
        ) {
            self.dataset = dataset
            self.keys = keys
            self.seriesIDs = seriesIDs
            self.from = from
            self.to = to
            self.slots = slots
            self.note = note
            self.madeBy = madeBy
            self.requestID = requestID
        }
    }

    /// Which exclusions are meant.
    package enum ExclusionState: String, Sendable, CaseIterable {
        case inForce = "in_force"
        case lifted, all
    }

    /// In force of one dataset at once. Each change of one reads those of the same series anew.
    package static let exclusionsMax = 10_000

    /// There are as many in force as there may be.
    package struct ExclusionsFull: Error, Sendable {}

    /// Makes an exclusion, keeps the answer under the request's key, and waits until no reader gives older answers. `now` is of
    /// the shown clock. Throws `KeyRefusal` where the key has been used, and `ExclusionsFull`.
    package func exclude(
        _ new: NewExclusion, now: Int64, keeping: Keeping<StoredExclusion>? = nil
    ) async throws -> StoredExclusion {
        let made = try await pool.transaction { connection in
            if let keeping { try await Self.take(keeping.key, on: connection) }
            try await Self.holdCoverage(of: new.seriesIDs, on: connection)
            let inForce = try await connection.query("""
                select count(*) from exclusions where dataset = \(new.dataset) and lifted_at is null
                """).only().int(0)
            if inForce >= Self.exclusionsMax { throw ExclusionsFull() }
            let id = try await connection.query("""
                insert into exclusions (dataset, keys, series_ids, starts_at, ends_at, first_slot, end_slot, note, made_by)
                values (\(new.dataset), \(new.keys)::json, \(new.seriesIDs.map { Int32($0) }), \(.instant(new.from)), \(.instant(new.to)),
                    \(new.slots.lowerBound), \(new.slots.upperBound), \(new.note), \(new.madeBy))
                returning id::text
                """).only().string(0)
            try await Self.renewExcluded(of: new.seriesIDs, in: new.dataset, now: now, on: connection)
            let made = try Self.exclusion(try await connection.query("\(Self.exclusionColumns) where id = \(id)::uuid").only())
            if let keeping { try await Self.keep(keeping.answer(made), under: keeping.key, on: connection) }
            try await Self.audit(
                AuditNote(
                    .exclusionMade, of: id, by: new.madeBy, dataset: new.dataset, requestID: new.requestID,
                    detail: "{\"keys\":\(new.keys),\"series\":\(new.seriesIDs.count),\"slots\":\(new.slots.count)}"),
                on: connection)
            try await Self.raiseVersion(on: connection, of: new.dataset, now: now)
            return made
        }
        try await awaitReaders()
        return made
    }

    /// Lifts an exclusion: its slots are expected again, but for those that another one excludes. One that is lifted already stays
    /// as it is. False where there is none of this id.
    package func lift(
        exclusion id: String, of dataset: String, by name: String, requestID: String? = nil, now: Int64
    ) async throws -> Bool {
        guard isUUID(id) else { return false }
        let found = try await pool.transaction { connection -> (isThere: Bool, isChange: Bool) in
            let rows = try await connection.query("""
                select series_ids, lifted_at is null from exclusions where id = \(id)::uuid and dataset = \(dataset) for update
                """)
            guard let row = rows.first else { return (false, false) }
            guard try row.bool(1) else { return (true, false) }
            let ids = try row.int64s(0).map { Int($0) }
            try await Self.holdCoverage(of: ids, on: connection)
            _ = try await connection.query("update exclusions set lifted_by = \(name), lifted_at = now() where id = \(id)::uuid")
            try await Self.audit(
                AuditNote(.exclusionLifted, of: id.lowercased(), by: name, dataset: dataset, requestID: requestID), on: connection)
            try await Self.renewExcluded(of: ids, in: dataset, now: now, on: connection)
            try await Self.raiseVersion(on: connection, of: dataset, now: now)
            return (true, true)
        }
        if found.isChange { try await awaitReaders() }
        return found.isThere
    }

    /// nil where the dataset has none of this id.
    package func exclusion(id: String, of dataset: String) async throws -> StoredExclusion? {
        guard isUUID(id) else { return nil }
        let rows = try await pool.read("\(Self.exclusionColumns) where id = \(id)::uuid and dataset = \(dataset)")
        return try rows.first.map(Self.exclusion)
    }

    /// Newest first; `after` is the last id of the page before.
    package func exclusions(
        of dataset: String, state: ExclusionState, after: String?, limit: Int
    ) async throws -> [StoredExclusion] {
        if let after, !isUUID(after) { return [] }
        let rows = try await pool.read("""
            \(Self.exclusionColumns)
            where dataset = \(dataset) and (\(state == .all) or (lifted_at is null) = \(state == .inForce))
                and (\(after)::uuid is null
                    or (made_at, id) < (select a.made_at, a.id from exclusions a where a.id = \(after)::uuid))
            order by made_at desc, id desc limit \(limit)
            """)
        return try rows.map(Self.exclusion)
    }

    /// Coverage rows in one order everywhere, so that two writers cannot wait for each other.
    private static func holdCoverage(of ids: [Int], on connection: PostgresConnection) async throws {
        _ = try await connection.query("""
            select from coverage where series_id = any(\(ids.map { Int32($0) })) order by series_id for update
            """)
    }

    private static func renewExcluded(
        of ids: [Int], in dataset: String, now: Int64, on connection: PostgresConnection
    ) async throws {
        _ = try await connection.query("""
            with given as (
                select series_id, range_agg(int8range(e.first_slot, e.end_slot)) as slots
                from exclusions e cross join unnest(e.series_ids) as series_id
                where e.dataset = \(dataset) and e.lifted_at is null and series_id = any(\(ids.map { Int32($0) }))
                group by series_id
            )
            update coverage c set changed_at = \(.instant(now)),
                excluded = coalesce((select slots from given where given.series_id = c.series_id), '{}')
            where c.series_id = any(\(ids.map { Int32($0) }))
            """)
    }

    private static let exclusionColumns: SQL = """
        select id::text, dataset, keys, cardinality(series_ids), starts_at, ends_at, end_slot - first_slot, note, made_by, made_at,
            lifted_by, lifted_at from exclusions
        """

    private static func exclusion(_ row: Postgres.Row) throws -> StoredExclusion {
        StoredExclusion(
            id: try row.string(0), dataset: try row.string(1), keys: try row.json(2), series: try row.int(3), from: try row.instant(4),
            to: try row.instant(5), slots: try row.int(6), note: try row.string(7), madeBy: try row.string(8),
            madeAt: try row.instant(9), liftedBy: try row.stringOrNil(10), liftedAt: try row.instantOrNil(11))
    }
}
