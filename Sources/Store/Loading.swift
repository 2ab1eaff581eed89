internal import EventLoop
internal import Postgres
package import Series

/// What the reading of a file gives, one after the other.
package enum LoadPiece: Sendable {
    case rows(RowBatch)
    /// The file has ended; nothing follows.
    case end(LoadEnd)
}

/// What was seen of a file by its end.
package struct LoadEnd: Sendable, Equatable {
    /// Of the unpacked text, as it was read this time.
    package let sha256: [UInt8]
    /// How many rows were handed over.
    package let rows: Int
    /// Records that were refused.
    package let quarantined: Int
    /// Lines that are nobody's data.
    package let skipped: Int
    /// What is kept of the records that were refused; their series is the file's, 0.
    package let refused: Refusals

    package init(sha256: [UInt8], rows: Int, quarantined: Int = 0, skipped: Int = 0, refused: Refusals = Refusals()) {
        self.refused = refused
        self.sha256 = sha256
        self.rows = rows
        self.quarantined = quarantined
        self.skipped = skipped
    }
}

/// A file that could not be taken as it is: nothing of it was written.
package enum LoadError: Error, Sendable, Equatable, CustomStringConvertible {
    /// It is no longer what the call was filed for.
    case otherContent
    /// So many rows were read, handed over and taken.
    case lostRows(read: Int, handed: Int, taken: Int)
    case notFound(file: Int64)
    /// Another task has read it meanwhile.
    case isImported

    package var description: String {
        switch self {
        case .otherContent: "the file is not the one that was registered: its SHA-256 is another"
        case .lostRows(let read, let handed, let taken): "\(read) rows were read, \(handed) handed over, \(taken) taken by the database"
        case .isImported: "the file is in the store already"
        case .notFound(let file): "archive file \(file) is not known, or still waits"
        }
    }
}

/// What an import did.
package struct LoadOutcome: Sendable, Equatable {
    package internal(set) var counts = RowCounts()
    /// Of its kind in the series, the how many-th that overlaps.
    package internal(set) var edition = 1
    /// Rows that say something else than held ones that stay: those of a later edition.
    package internal(set) var outdone = 0
    package internal(set) var times: ClosedRange<Int64>?
    package internal(set) var rows = 0
    /// Slots that became whole.
    package internal(set) var filled = 0
    /// Refused: by the reader, and for saying two things of one time.
    package internal(set) var quarantined = 0
    /// Rows of the file that say two things of one time: none of them is stored, for which is right is not known. `series` is nil. The
    /// first thousand, in the order of the file.
    package internal(set) var contradictions: [QuarantinedRecord] = []
}

/// Millions of rows of one file, all of them or none.
extension Store {
    /// A load may wait for others' locks on the same rows, and be at work for minutes; and no wait is without a limit.
    private static let limits = """
        set local statement_timeout = '10min'; set local lock_timeout = '30s';
        set local idle_in_transaction_session_timeout = '60s'; set local work_mem = '64MB';
        savepoint before_rows
        """
    private static let statementLimit = Duration.seconds(610)
    private static let wholeLimit = Duration.seconds(1800)

    /// Stores what a file holds and ends the call that was to do so, in one transaction. `open` begins to read the file from its start and
    /// gives the function that reads on; it is called once more where rows turn out to be in no order, or to be held although coverage
    /// knows nothing of them. The file's row says
    /// afterwards what was done; where this throws it is as it was, and so is all else.
    ///
    /// Rows in the order of time, outside of what coverage knows of the series, go straight into the table; the others through a temporary
    /// table. A time that comes twice with one content counts once; with two, it is refused. What a later edition told stays
    /// (`EditionOrder`): of files of one series the store comes to the same in whatever order they are loaded.
    ///
    /// Throws `LoadError`, `StoreError.leaseLost`, `PostgresError`, and what `open` and the reading throw.
    package func load(
        file id: Int64, for task: ClaimedTask, of dataset: Dataset, now: Int64,
        reading open: () async throws -> (() async throws -> LoadPiece)
    ) async throws -> LoadOutcome {
        try await pool.transaction(until: .after(Self.wholeLimit)) { connection in
            let file = try await Self.fileToLoad(id, for: task, of: dataset, on: connection)
            try await connection.script(Self.limits)
            // One file of a series at a time: each sees what the others told.
            try await connection.query("select pg_advisory_xact_lock(hashtextextended('file of ' || \(file.seriesID)::int8, 25))")
            let status = try await connection.query("select status from archive_files where id = \(id)").only().string(0)
            if status == ArchiveFile.Status.imported.rawValue { throw LoadError.isImported }
            connection.answerTimeout = Self.statementLimit
            defer { connection.answerTimeout = connection.configuration.answerTimeout }
            let key = SeriesKey(try await connection.query("select key from series where id = \(file.seriesID)").only().strings(0))
            let target = try LoadTarget(file: file, key, task: task.id, dataset: dataset, now: now, connection: connection)
            var load = try await Self.store(target, open)
            guard load.end.sha256 == file.sha256 else { throw LoadError.otherContent }
            guard load.end.rows == load.handed, load.taken == load.handed else {
                throw LoadError.lostRows(read: load.end.rows, handed: load.handed, taken: load.taken)
            }
            load.outcome.rows = load.handed
            load.outcome.quarantined += load.end.quarantined
            try await Self.settle(&load, file, task, dataset, now: now, on: connection)
            return load.outcome
        }
    }

    private static func fileToLoad(
        _ id: Int64, for task: ClaimedTask, of dataset: Dataset, on connection: PostgresConnection
    ) async throws -> ArchiveFile {
        let isHeld = try await connection.query("""
            select from tasks where id = \(task.id) and fence = \(task.fence) and status = 'running'
            """)
        if isHeld.isEmpty { throw StoreError.leaseLost(task: task.id) }
        let known = try await connection.query("""
            select from archive_files where id = \(id) and dataset = \(dataset.name) and sha256 is not null
            """)
        if known.isEmpty { throw LoadError.notFound(file: id) }
        return try await archiveFile(id, on: connection)
    }

    /// In order and straight where that is possible, else all of it through a temporary table.
    private static func store(
        _ target: LoadTarget, _ open: () async throws -> (() async throws -> LoadPiece)
    ) async throws -> Load {
        do {
            return try await inOrder(target, LoadFeed(try await open()))
        } catch is Disorder {
        } catch let error as PostgresError where error.kind == .uniqueViolation {
        }
        try await target.connection.script("rollback to savepoint before_rows")
        return try await inAnyOrder(target, LoadFeed(try await open()))
    }

    /// Coverage, the receipt, the task's end and the file's, under the task's fence.
    private static func settle(
        _ load: inout Load, _ file: ArchiveFile, _ task: ClaimedTask, _ dataset: Dataset, now: Int64, on connection: PostgresConnection
    ) async throws {
        let parts = load.parts.isEmpty ? [:] : [file.seriesID: load.parts]
        let outcome = load.outcome
        var result = TaskResult(ended: .proved, reason: reason(of: outcome))
        result.quarantined = outcome.quarantined
        result.file = file.paths.first
        var refused = load.end.refused
        refused.add(outcome.contradictions.map { one in
            QuarantinedRecord(reason: one.reason, record: one.record, series: 0, time: one.time, place: one.place)
        })
        result.refused = RefusedRecords(refused, of: [file.seriesID])
        result.dropped = load.end.skipped
        result.bodyBytes = file.bytes ?? 0
        var settled = try await remember(parts, of: result, task, dataset, now: now, on: connection)
        let isOther = outcome.counts.revised > 0 || settled.endsAbsences
        if try await renew(after: parts, isOther: isOther, task, dataset, now: now, on: connection) { settled.isChange = true }
        // Not before: while the task's row is held its lease cannot be renewed. Until then the worker renews it, and whoever takes the task
        // over finds nothing of this attempt.
        try await hold(task, on: connection)
        // Of a line that was refused nobody knows from when it was.
        var isBeginning = false
        if load.end.quarantined == 0, let times = load.outcome.times, let archive = dataset.archive {
            isBeginning = archive.isBeginning(file.paths, times)
        }
        if try await extendLifetimes(touched: parts, isBeginning: isBeginning, dataset, on: connection) { settled.isChange = true }
        load.outcome.filled = settled.filled
        // Behind the lock of the series' coverage: of two files of one series the second sees the first.
        let times = outcome.times
        load.outcome.edition = try await connection.query("""
            update archive_files f set status = 'imported', reason = \(remark(on: outcome)), task_id = \(task.id),
                imported_at = \(.instant(now)), told = \(.ranges(load.parts.ranges)),
                rows = \(outcome.rows), first_time = \(.instant(times?.lowerBound)), last_time = \(.instant(times?.upperBound)),
                written = \(outcome.counts.written), unchanged = \(outcome.counts.unchanged), revised = \(outcome.counts.revised),
                quarantined = \(outcome.quarantined),
                edition = coalesce(f.edition, 1 + coalesce((
                    select max(o.edition) from archive_files o
                    where o.dataset = f.dataset and o.series_id = f.series_id and o.id <> f.id
                        and o.first_time <= \(.instant(times?.upperBound)) and o.last_time >= \(.instant(times?.lowerBound))), 0))
            where f.id = \(file.id) returning f.edition::int8
            """).only().int(0)
        let came = [file.seriesID: outcome.rows]
        if try await countQuality(of: came, result, task, dataset, now: now, on: connection) { settled.isChange = true }
        try await settle(task, result, rows: outcome.rows, outcome.counts, settled, dataset, now: now, on: connection)
    }

    private static func reason(of outcome: LoadOutcome) -> String {
        let read = "the file was read to its end: \(outcome.rows) rows, and its SHA-256 is as registered"
        return remark(on: outcome).map { "\(read); \($0)" } ?? read
    }

    private static func remark(on outcome: LoadOutcome) -> String? {
        outcome.outdone == 0 ? nil : "\(outcome.outdone) of its rows differ from what is held of later editions and calls, which stays"
    }
}

/// What a load is to fill.
struct LoadTarget {
    let file: ArchiveFile
    let key: SeriesKey
    let task: Int64
    let dataset: Dataset
    let now: Int64
    let connection: PostgresConnection
    let schema: RowSchema
    let table: Identifier
    /// The temporary table. It is named after the other, for statements that are prepared know the columns by the name.
    let staged: Identifier
    let columns: [Identifier]

    init(file: ArchiveFile, _ key: SeriesKey, task: Int64, dataset: Dataset, now: Int64, connection: PostgresConnection) throws {
        self.file = file
        self.key = key
        self.task = task
        self.dataset = dataset
        self.now = now
        self.connection = connection
        schema = dataset.schema(of: key)
        table = try Store.identifier(schema.table)
        staged = try Store.identifier("staged_" + schema.table)
        columns = try schema.columns.map { try Store.identifier($0.name) }
    }

    var series: Int32 { Int32(clamping: file.seriesID) }
}

/// What came of a file's rows, before it is settled.
struct Load {
    var outcome = LoadOutcome()
    var parts = SlotSet()
    /// Rows that the feed gave, and that the server said it took.
    var handed = 0
    var taken = 0
    var end: LoadEnd
}
