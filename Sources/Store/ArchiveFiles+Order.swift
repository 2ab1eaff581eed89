internal import Postgres
internal import Series

/// How an archive file stands to the others of its series that are imported: what a later edition says holds, whichever came first.
///
/// Later is the one whose last row is later; of two that end alike, the one that was written later on disk, then the one that was found
/// later.
struct EditionOrder {
    /// Calls that imported earlier ones, and later ones.
    private var earlier: Set<Int64> = []
    private var later: Set<Int64> = []
    /// Parts that later ones tell.
    private var told = SlotSet()
    private let ruler: Ruler

    /// Whether a held row is of a later edition than a row of this file; nil where no edition wrote it, and none that is later tells it.
    func isLater(_ task: Int64?, _ time: Int64) -> Bool? {
        if told.contains(ruler.slot(containing: time)) { return true }
        guard let task else { return nil }
        return later.contains(task) ? true : earlier.contains(task) ? false : nil
    }
}

extension EditionOrder {
    /// As it is once the file's last row, of this time, is known.
    init(_ target: LoadTarget, last: Int64?) async throws {
        ruler = target.dataset.calendar(of: target.key).partRuler
        let rows = try await target.connection.query("""
            select o.task_id, r.is_later, case when r.is_later then o.told end
            from archive_files f join archive_files o on o.series_id = f.series_id and o.id <> f.id cross join lateral (
                select coalesce(
                    (o.last_time, \(Self.written("o")), o.id) > (\(.instant(last))::timestamptz, \(Self.written("f")), f.id), false
                ) as is_later
            ) r
            where f.id = \(target.file.id) and o.status = 'imported' and o.task_id is not null
            """)
        for row in rows {
            let task = try row.int64(0)
            if try row.bool(1) { later.insert(task) } else { earlier.insert(task) }
            told.formUnion(SlotSet(ranges: try row.rangesOrNil(2) ?? []))
        }
    }

    /// When a content was written on disk, where it still is somewhere.
    static func written(_ file: SQL) -> SQL {
        "coalesce((select max(p.modified_at) from archive_places p where p.file_id = \(file).id), 0)"
    }
}
