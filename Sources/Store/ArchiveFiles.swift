internal import Postgres
internal import Series

/// What a file of an archive holds, as the store knows it: one content, under however many names it was seen.
package struct ArchiveFile: Sendable, Equatable {
    package enum Status: String, Sendable, CaseIterable {
        /// Its content is known and not in the store yet.
        case found
        /// It still grows, or cannot be read yet.
        case waiting
        case imported
        /// What `reason` says stood in the way; nothing of it was stored.
        case failed
    }

    package let id: Int64
    package let dataset: String
    package let seriesID: Int
    /// Of the unpacked text; nil while it waits.
    package let sha256: [UInt8]?
    /// Sorted. Empty where none of its files is there any more.
    package let paths: [String]
    /// Of imported contents of one series that overlap in time, the how many-th that was imported; nil before it is imported.
    package let edition: Int?
    /// Unpacked.
    package let bytes: Int?
    /// Of its rows, the first and the last, seconds since 1970. These and `rows` are an estimate until it is imported.
    package let times: ClosedRange<Int64>?
    package let rows: Int?
    /// What its import did; zeros before.
    package let counts: RowCounts
    package let quarantined: Int
    package let status: Status
    /// Why it waits, or failed; of one that is imported what is to be said of it.
    package let reason: String?
    package let task: Int64?
    /// Of the shown clock.
    package let foundAt: Int64
    package let importedAt: Int64?
}

/// A file as the directory shows it: what tells, without reading it, that it is as it was.
package struct ArchivePlace: Sendable, Hashable {
    /// As people are to see it; a file within a ZIP is named by both.
    package let path: String
    package let size: Int64
    /// Nanoseconds since 1970.
    package let modifiedAt: Int64
    package let inode: Int64

    package init(path: String, size: Int64, modifiedAt: Int64, inode: Int64) {
        self.path = path
        self.size = size
        self.modifiedAt = modifiedAt
        self.inode = inode
    }
}

/// What passing over a file once has told.
package struct ArchiveContent: Sendable, Hashable {
    package let seriesID: Int
    /// Of the unpacked text.
    package let sha256: [UInt8]
    package let bytes: Int
    /// nil where its rows were not looked at.
    package let times: ClosedRange<Int64>?
    package let rows: Int?

    package init(seriesID: Int, sha256: [UInt8], bytes: Int, times: ClosedRange<Int64>? = nil, rows: Int? = nil) {
        self.seriesID = seriesID
        self.sha256 = sha256
        self.bytes = bytes
        self.times = times
        self.rows = rows
    }
}

/// Files of archives: what was found, and what became of it.
extension Store {
    /// Of these files, those that are as they were when their content was told, by path: they need not be read again.
    package func knownArchiveFiles(at places: [ArchivePlace], of dataset: String) async throws -> [String: ArchiveFile] {
        let rows = try await pool.read("""
            \(Self.archiveColumns) , p.path
            from archive_files f join archive_places p on p.file_id = f.id
            join unnest(\(places.map(\.path)), \(places.map(\.size)), \(places.map(\.modifiedAt)), \(places.map(\.inode)))
                as seen (path, size, modified_at, inode)
                on p.path = seen.path and p.size = seen.size and p.modified_at = seen.modified_at and p.inode = seen.inode
            where p.dataset = \(dataset) and f.status <> 'waiting'
            """)
        var known: [String: ArchiveFile] = [:]
        for row in rows { known[try row.string(.at(Self.archiveColumnCount))] = try Self.archiveFile(row) }
        return known
    }

    /// Notes what a file holds. A content that is known, from another name or an earlier run, is the same file with what became of it.
    package func registerArchiveFile(
        _ content: ArchiveContent, at place: ArchivePlace, of dataset: String, now: Int64
    ) async throws -> ArchiveFile {
        try await pool.transaction { connection in
            let id = try await connection.query("""
                insert into archive_files (dataset, series_id, sha256, bytes, first_time, last_time, rows, status, found_at)
                values (\(dataset), \(Int32(clamping: content.seriesID)), \(content.sha256), \(content.bytes),
                    \(.instant(content.times?.lowerBound)), \(.instant(content.times?.upperBound)), \(content.rows), 'found',
                    \(.instant(now)))
                on conflict (dataset, series_id, sha256) do update set
                    first_time = coalesce(archive_files.first_time, excluded.first_time),
                    last_time = coalesce(archive_files.last_time, excluded.last_time),
                    rows = coalesce(archive_files.rows, excluded.rows)
                returning id
                """).only().int64(0)
            try await Self.put(place, of: dataset, file: id, on: connection)
            return try await Self.archiveFile(id, on: connection)
        }
    }

    /// Notes a file that cannot be read yet, most likely because it still grows.
    @discardableResult
    package func awaitArchiveFile(
        of series: Int, at place: ArchivePlace, of dataset: String, reason: String, now: Int64
    ) async throws -> ArchiveFile {
        try await pool.transaction { connection in
            let known = try await connection.query("""
                update archive_files f set reason = \(reason) from archive_places p
                where p.dataset = \(dataset) and p.path = \(place.path) and f.id = p.file_id and f.status = 'waiting'
                    and f.series_id = \(Int32(clamping: series))
                returning f.id
                """)
            let id: Int64 =
                if let row = known.first {
                    try row.int64(0)
                } else {
                    try await connection.query("""
                        insert into archive_files (dataset, series_id, status, reason, found_at)
                        values (\(dataset), \(Int32(clamping: series)), 'waiting', \(reason), \(.instant(now))) returning id
                        """).only().int64(0)
                }
            try await Self.put(place, of: dataset, file: id, on: connection)
            return try await Self.archiveFile(id, on: connection)
        }
    }

    /// The place holds this content from now on. What it held before is forgotten where nothing came of it and it is nowhere else.
    private static func put(
        _ place: ArchivePlace, of dataset: String, file: Int64, on connection: PostgresConnection
    ) async throws {
        let before = try await connection.query("""
            select file_id from archive_places where dataset = \(dataset) and path = \(place.path) for update
            """)
        _ = try await connection.query("""
            insert into archive_places (dataset, path, file_id, size, modified_at, inode)
            values (\(dataset), \(place.path), \(file), \(place.size), \(place.modifiedAt), \(place.inode))
            on conflict (dataset, path) do update set file_id = excluded.file_id, size = excluded.size,
                modified_at = excluded.modified_at, inode = excluded.inode
            """)
        if let old = try before.first?.int64(0), old != file {
            _ = try await connection.query("""
                delete from archive_files f where f.id = \(old) and f.status in ('waiting', 'found')
                    and not exists (select from archive_places p where p.file_id = f.id)
                """)
        }
    }

    /// What is to become of a file, or has: `found` has it imported again. `task`: the call that does it; nil keeps what was noted.
    /// `load` marks what it has imported itself.
    package func markArchiveFile(_ id: Int64, _ status: ArchiveFile.Status, reason: String? = nil, task: Int64? = nil) async throws {
        precondition(status == .found || status == .failed, "only an import makes a file \(status.rawValue)")
        _ = try await pool.query("""
            update archive_files set status = \(status.rawValue), reason = \(reason), task_id = coalesce(\(task), task_id)
            where id = \(id) and sha256 is not null
            """)
    }

    package func archiveFile(_ id: Int64) async throws -> ArchiveFile? {
        try await pool.read("\(Self.archiveColumns) from archive_files f where f.id = \(id)").first.map(Self.archiveFile)
    }

    /// Files in the order in which they were found, after `id`. nil filters nothing.
    package func archiveFiles(
        of dataset: String, series: [Int]? = nil, status: ArchiveFile.Status? = nil, task: Int64? = nil, after id: Int64 = 0, limit: Int
    ) async throws -> [ArchiveFile] {
        let rows = try await pool.read("""
            \(Self.archiveColumns) from archive_files f
            where f.dataset = \(dataset) and f.id > \(id)
                and (\(series == nil) or f.series_id = any(\((series ?? []).map { Int32(clamping: $0) })))
                and (\(status?.rawValue)::text is null or f.status = \(status?.rawValue))
                and (\(task)::int8 is null or f.task_id = \(task))
            order by f.id limit \(limit)
            """)
        return try rows.map(Self.archiveFile)
    }

    static func archiveFile(_ id: Int64, on connection: PostgresConnection) async throws -> ArchiveFile {
        try archiveFile(try await connection.query("\(archiveColumns) from archive_files f where f.id = \(id)").only())
    }

    private static let archiveColumnCount = 19

    private static let archiveColumns: SQL = """
        select f.id, f.dataset, f.series_id::int8, f.sha256,
            array(select path from archive_places p where p.file_id = f.id order by path collate "C"), f.edition::int8, f.bytes,
            f.first_time, f.last_time, f.rows, f.written, f.unchanged, f.revised, f.quarantined, f.status, f.reason, f.task_id,
            f.found_at, f.imported_at
        """

    private static func archiveFile(_ row: Postgres.Row) throws -> ArchiveFile {
        var counts = RowCounts()
        counts.written = try row.int(10)
        counts.unchanged = try row.int(11)
        counts.revised = try row.int(12)
        let first = try row.instantOrNil(7)
        let last = try row.instantOrNil(8)
        return ArchiveFile(
            id: try row.int64(0), dataset: try row.string(1), seriesID: try row.int(2), sha256: try row.bytesOrNil(3),
            paths: try row.strings(4), edition: try row.intOrNil(5), bytes: try row.intOrNil(6),
            times: first.flatMap { first in last.flatMap { first <= $0 ? first...$0 : nil } }, rows: try row.intOrNil(9), counts: counts,
            quarantined: try row.int(13), status: ArchiveFile.Status(rawValue: try row.string(14)) ?? .failed,
            reason: try row.stringOrNil(15), task: try row.int64OrNil(16), foundAt: try row.instant(17),
            importedAt: try row.instantOrNil(18))
    }
}
