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

    /// Files that tasks which wait or run are to read: who files another import of them would have them read twice.
    package func openImports(of dataset: String) async throws -> Set<Int64> {
        let rows = try await pool.read("""
            select distinct t.archive_file from tasks t join ingestions i on i.id = t.ingestion_id
            where i.dataset = \(dataset) and t.archive_file is not null and t.status in ('available', 'running')
            """)
        return Set(try rows.map { try $0.int64(0) })
    }
}
