internal import Postgres
package import Series

/// What was found by recounting a dataset's coverage from its rows.
package struct Verification: Sendable {
    /// One series of which what is said and what is there differ.
    package struct Finding: Sendable, Equatable {
        package let seriesID: Int
        package let key: SeriesKey
        /// Parts that coverage has and no row fills.
        package let heldWithoutRow: SlotSet
        /// Parts that a row fills and coverage does not have.
        package let rowNotHeld: SlotSet
        /// Slots that coverage has as absent and no absence speaks of, or the other way about.
        package let absentDiffering: SlotSet
        /// The same of excluded slots and the exclusions in force.
        package let excludedDiffering: SlotSet
        /// The same of quarantined slots and the open records that were refused.
        package let quarantinedDiffering: SlotSet
        /// Calls that rows name and that left no receipt, ascending.
        package let tasksWithoutReceipt: [Int64]
        package let rowsWithoutReceipt: Int

        /// Coverage differs, which can be made good; a receipt cannot.
        package var isRepairable: Bool {
            ![heldWithoutRow, rowNotHeld, absentDiffering, excludedDiffering, quarantinedDiffering].allSatisfy(\.isEmpty)
        }
    }

    package internal(set) var series = 0
    package internal(set) var rows = 0
    /// In the order of keys.
    package internal(set) var findings: [Finding] = []
}

extension Store {
    /// Recounts the coverage of a dataset's series from their rows and compares the two, in one snapshot: whatever workers commit
    /// meanwhile is in both or in neither. Changes nothing. Holds the ledgers, and of the rows one page at a time.
    package func verify(_ dataset: Dataset) async throws -> Verification {
        try await readSnapshot(of: dataset, choose: { $0.map(\.id) }) { snapshot, connection in
            var verification = Verification()
            var receipts = KnownReceipts()
            let notes = try await Self.otherNotes(of: dataset, on: connection)
            for one in snapshot.series {
                let count = try await Self.recount(one.id, one.key, of: dataset, on: connection)
                let unreceipted = try await receipts.missing(among: count.rowsByTask, on: connection)
                let held = one.ledger.held.union(one.ledger.provisional)
                let noted = notes[one.id] ?? Noted(one.ledger)
                let finding = Verification.Finding(
                    seriesID: one.id, key: one.key, heldWithoutRow: held.subtracting(count.parts),
                    rowNotHeld: count.parts.subtracting(held),
                    absentDiffering: Self.difference(noted.absent, noted.told),
                    excludedDiffering: Self.difference(noted.excluded, one.ledger.excluded),
                    quarantinedDiffering: Self.difference(noted.quarantined, one.ledger.quarantined), tasksWithoutReceipt: unreceipted,
                    rowsWithoutReceipt: unreceipted.reduce(0) { $0 + count.rowsByTask[$1, default: 0] })
                verification.series += 1
                verification.rows += count.rows
                if finding.isRepairable || !unreceipted.isEmpty { verification.findings.append(finding) }
            }
            return verification
        }
    }

    private static func difference(_ a: SlotSet, _ b: SlotSet) -> SlotSet { a.subtracting(b).union(b.subtracting(a)) }

    /// What is noted of a series beside its rows.
    private struct Noted {
        let absent: SlotSet
        /// What coverage tells of that, doubted slots among it.
        let told: SlotSet
        let excluded: SlotSet
        let quarantined: SlotSet

        init(_ ledger: Ledger) {
            absent = ledger.absent
            told = absent
            excluded = ledger.excluded
            quarantined = ledger.quarantined
        }

        init(_ row: Postgres.Row) throws {
            absent = SlotSet(ranges: try row.ranges(1))
            told = SlotSet(ranges: try row.ranges(4))
            excluded = SlotSet(ranges: try row.ranges(2))
            quarantined = SlotSet(ranges: try row.ranges(3))
        }
    }

    /// What absences, exclusions and refused records say of the series of which coverage says something else.
    private static func otherNotes(
        of dataset: Dataset, series: Int? = nil, on connection: PostgresConnection
    ) async throws -> [Int: Noted] {
        let rows = try await connection.query("""
            select c.series_id, coalesce(a.slots, '{}'), coalesce(e.slots, '{}'), q.slots, c.absent
            from coverage c join series s on s.id = c.series_id
            left join (
                select series_id, range_agg(int8range(first_slot, end_slot)) as slots from absences group by series_id
            ) a on a.series_id = c.series_id
            left join (
                select named.id, range_agg(int8range(first_slot, end_slot)) as slots
                from exclusions cross join unnest(series_ids) as named (id)
                where dataset = \(dataset.name) and lifted_at is null group by named.id
            ) e on e.id = c.series_id
            join (\(quarantinedSlots) group by h.series_id) q on q.series_id = c.series_id
            where s.dataset = \(dataset.name) and (\(series == nil) or c.series_id = \(series ?? 0))
                and (c.absent <> coalesce(a.slots, '{}') or c.excluded <> coalesce(e.slots, '{}')
                    or c.quarantined <> q.slots)
            """)
        return Dictionary(uniqueKeysWithValues: try rows.map { (try $0.int(0), try Noted($0)) })
    }

    /// Makes a series' coverage what its rows say, its absences, exclusions and refused records, recounted under the lock that
    /// writers of the series take. Writers have stored rows before they take it: what they add is added to what is written here. False
    /// where there was nothing to mend.
    package func repairCoverage(of series: Int, _ dataset: Dataset, now: Int64) async throws -> Bool {
        while true {
            let isMended = try await pool.transaction { try await Self.repairCoverage(of: series, dataset, now: now, on: $0) }
            if let isMended { return isMended }
        }
    }

    /// nil where more was lost meanwhile than was locked for: nothing is changed.
    private static func repairCoverage(
        of series: Int, _ dataset: Dataset, now: Int64, on connection: PostgresConnection
    ) async throws -> Bool? {
        let listing = try await listing(of: series, dataset, on: connection)
        let ids = [series, listing?.roster.id].compactMap { $0.map { Int32(clamping: $0) } }
        let locked = try await connection.query("""
            select s.key, c.held, c.absent, c.excluded, s.id from coverage c join series s on s.id = c.series_id
            where c.series_id = any(\(ids)) and s.dataset = \(dataset.name) order by c.series_id for update of c
            """)
        guard let row = try locked.first(where: { try $0.int(4) == series }) else { return false }
        let parts = try await recount(series, SeriesKey(try row.strings(0)), of: dataset, on: connection).parts
        if let listing {
            let lost = SlotSet(ranges: try row.ranges(1)).subtracting(parts)
            if !listing.lost.isSuperset(of: lost) { return nil }
            try await unlist(lost, of: listing.roster, dataset, now: now, on: connection)
        }
        let notes = try await otherNotes(of: dataset, series: series, on: connection)[series]
        if notes == nil, parts == SlotSet(ranges: try row.ranges(1)) { return false }
        let absent = try notes?.absent.ranges ?? row.ranges(2)
        let excluded = try notes?.excluded.ranges ?? row.ranges(3)
        _ = try await connection.query("""
            update coverage set held = \(.ranges(parts.ranges)), provisional = provisional * \(.ranges(parts.ranges)),
                absent = \(.ranges(absent)), excluded = \(.ranges(excluded)), changed_at = \(.instant(now))
            where series_id = \(series)
            """)
        // By what is held now.
        _ = try await renewQuarantined(of: [series], now: now, on: connection)
        try await raiseVersion(on: connection, of: dataset.name, now: now)
        return true
    }

    /// The roster of a listed series, and the slots that the series has lost by what can be seen before coverage is locked. The roster's
    /// rows of them are locked: in the order of locks rows come before coverage. nil of a series that is not listed.
    private static func listing(
        of series: Int, _ dataset: Dataset, on connection: PostgresConnection
    ) async throws -> (roster: SeriesEntry, lost: SlotSet)? {
        guard let names = dataset.roster, let one = try await entries(ids: [series], on: connection).first, names.isListed(one.key),
            let roster = try await entries([names.series], of: dataset.name, on: connection).first
        else { return nil }
        // Coverage first: of what a writer commits in between, rows are seen too many and none too few.
        let held = try await connection.query("select held from coverage where series_id = \(series)").first?.ranges(0) ?? []
        let lost = SlotSet(ranges: held).subtracting(try await recount(series, one.key, of: dataset, on: connection).parts)
        if !lost.isEmpty {
            _ = try await connection.query("select from \(try rows(lost, of: roster, dataset)) order by time for update")
        }
        return (roster, lost)
    }

    /// A listing of which a record is lost is not whole any more: what the roster says of these slots goes too, so that it is asked for
    /// again. Else they would count as slots that were never listed.
    private static func unlist(
        _ lost: SlotSet, of roster: SeriesEntry, _ dataset: Dataset, now: Int64, on connection: PostgresConnection
    ) async throws {
        if lost.isEmpty { return }
        _ = try await connection.query("delete from \(try rows(lost, of: roster, dataset))")
        _ = try await connection.query("""
            update coverage set held = held - \(.ranges(lost.ranges)), changed_at = \(.instant(now)) where series_id = \(roster.id)
            """)
    }

    /// The roster's rows of some slots.
    private static func rows(_ slots: SlotSet, of roster: SeriesEntry, _ dataset: Dataset) throws -> SQL {
        let ruler = dataset.calendar(of: roster.key).ruler
        return """
            \(try identifier(dataset.schema(of: roster.key).table)) where series_id = \(Int32(clamping: roster.id))
                and time = any(\(.instants(slots.ranges.joined().map { ruler.start(of: $0) })))
            """
    }

    private struct Recount {
        var parts = SlotSet()
        var rows = 0
        var rowsByTask: [Int64: Int] = [:]
    }

    /// Rows of one page: some hundred kB.
    private static let rowsPerPage = 20_000

    private static func recount(
        _ series: Int, _ key: SeriesKey, of dataset: Dataset, on connection: PostgresConnection
    ) async throws -> Recount {
        let table = try identifier(dataset.schema(of: key).table)
        var recount = Recount()
        var cover = RowCover(dataset, key)
        var last: Int64?
        while true {
            // A statement of its own for the first page: with "or" in it the others would walk the index from the series' beginning.
            let after: SQL = last.map { "and time > \(.instant($0))" } ?? ""
            let page = try await connection.query("""
                select time, task_id from \(table) where series_id = \(Int32(clamping: series)) \(after)
                order by time limit \(rowsPerPage)
                """)
            for row in page {
                let time = try row.instant(0)
                cover.add(time)
                if let task = try row.int64OrNil(1) { recount.rowsByTask[task, default: 0] += 1 }
                last = time
            }
            recount.rows += page.count
            if page.count < rowsPerPage { break }
        }
        recount.parts = cover.finished()
        return recount
    }
}

/// Which calls left a receipt: each is looked up once, however many series it wrote.
private struct KnownReceipts {
    private var isThere: [Int64: Bool] = [:]

    mutating func missing(among rowsByTask: [Int64: Int], on connection: PostgresConnection) async throws -> [Int64] {
        let unknown = rowsByTask.keys.filter { isThere[$0] == nil }
        if !unknown.isEmpty {
            for task in unknown { isThere[task] = false }
            let found = try await connection.query("""
                select task from unnest(\(unknown)) as named (task) where exists (select from receipts r where r.task_id = named.task)
                """)
            for row in found { isThere[try row.int64(0)] = true }
        }
        return rowsByTask.keys.filter { isThere[$0] == false }.sorted()
    }
}
