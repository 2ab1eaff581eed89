internal import Postgres
package import Series

extension Store {
    /// Files whose content is known and not in the store yet, as plans see them: of one series earlier editions first.
    package func filesAtHand(of dataset: Dataset) async throws -> [FileAtHand] {
        guard dataset.archive != nil else { return [] }
        let rows = try await pool.read("""
            select f.id, s.key, f.first_time, f.last_time, f.rows from archive_files f join series s on s.id = f.series_id
            where f.dataset = \(dataset.name) and f.status = 'found' and f.sha256 is not null and f.first_time is not null
            order by f.last_time, \(EditionOrder.written("f")), f.id
            """)
        return try rows.map { row in
            let key = SeriesKey(try row.strings(1))
            let ruler = dataset.calendar(of: key).ruler
            return FileAtHand(
                id: try row.int64(0), series: key,
                span: try row.instant(2)..<ruler.end(of: ruler.slot(containing: try row.instant(3))), rows: try row.intOrNil(4))
        }
    }

    /// An ingestion that is not over, and reads files of an archive.
    package struct OpenReading: Sendable {
        package let id: String
        package let status: IngestionStatus
        /// JSON.
        package let selection: String
        /// Of the files that were asked about, those that it is yet to read.
        package let files: Set<Int64>
    }

    /// Ingestions that are not over and read any of these files, or have read them; oldest first.
    package func openReadings(of files: [Int64], dataset: String) async throws -> [OpenReading] {
        let rows = try await pool.read("""
            select i.id::text, i.status, i.selection,
                coalesce(array_agg(t.archive_file) filter (where t.status in ('available', 'running')), '{}')
            from ingestions i join tasks t on t.ingestion_id = i.id
            where i.dataset = \(dataset) and i.status in ('pending', 'running', 'paused') and t.archive_file = any(\(files))
            group by i.id order by i.created_at, i.id
            """)
        return try rows.map { row in
            OpenReading(
                id: try row.string(0), status: IngestionStatus(rawValue: try row.string(1)) ?? .pending, selection: try row.json(2),
                files: Set(try row.int64s(3)))
        }
    }
}
