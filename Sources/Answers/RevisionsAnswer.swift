internal import Bytes
internal import Series
internal import Store

/// `/revisions`: values that others took the place of, the newest change first.
extension AnswerMaker {
    func revisions(_ query: RevisionsQuery) async throws -> FreshAnswer {
        let cursor = try query.cursor.map { text throws(AnswerError) in try Cursor(text, seal: question.seal, numbers: 2).place }
        let from = query.from ?? Self.allTime.lowerBound
        let to = query.to ?? Self.allTime.upperBound
        let found: (snapshot: Snapshot, revisions: [Revision])
        do {
            // One more than is shown says whether there is a next page.
            found = try await store.revisions(
                of: dataset, choose: chosen, in: from..<max(from, to), behind: cursor.map { (at: $0[0], id: $0[1]) },
                limit: query.limit + 1)
        } catch StoreError.unavailable {
            throw AnswerError.storeUnavailable(retryAfter: 1)
        }
        let shown = found.revisions.prefix(query.limit)
        let hasMore = found.revisions.count > query.limit
        let next = hasMore ? shown.last.map { Cursor(place: [$0.changedAt, $0.id]).text(seal: question.seal) } : nil
        let text = RevisionText(dataset, found.snapshot.series)
        let body: [UInt8]
        switch query.format {
        case .json: body = text.json(shown, next: next)
        case .csv: body = text.csv(shown)
        case .ndjson: body = text.lines(shown)
        }
        return fresh(body, type: query.format.contentType, nextCursor: next, of: found.snapshot, until: nil)
    }

    /// The years 1 to 9999, UTC.
    private static let allTime: Range<Int64> = -62_135_596_800..<253_402_300_800
}

/// Revisions as clients see them: values by the names that parts of the history have them under.
private struct RevisionText {
    private let dataset: Dataset
    private let keys: [Int: SeriesKey]
    private let timeName: String
    /// By the schema's columns; one that the history does not show goes by its own name.
    private let names: [String]

    init(_ dataset: Dataset, _ series: [StoredSeries]) {
        self.dataset = dataset
        keys = Dictionary(uniqueKeysWithValues: series.map { ($0.id, $0.key) })
        var timeName = "time"
        var names = dataset.table.schema.columns.map(\.name)
        for field in dataset.table.partFields {
            switch field.content {
            case .instant: timeName = field.name
            case .value(let column): names[column] = field.name
            default: break
            }
        }
        self.timeName = timeName
        self.names = names
    }

    func json(_ revisions: ArraySlice<Revision>, next: String?) -> [UInt8] {
        var json = JSONWriter(capacity: 128 + revisions.count * 400)
        json.beginObject()
        json.key("data")
        json.beginArray()
        var rows = JSONRows(json)
        for revision in revisions { write(revision, to: &rows) }
        rows.json.endArray()
        rows.json.member("next_cursor", next)
        rows.json.endObject()
        return rows.json.bytes
    }

    func lines(_ revisions: ArraySlice<Revision>) -> [UInt8] {
        var rows = JSONRows(JSONWriter(capacity: revisions.count * 400), isLines: true)
        for revision in revisions { write(revision, to: &rows) }
        return rows.json.bytes
    }

    func csv(_ revisions: ArraySlice<Revision>) -> [UInt8] {
        var csv = CSVWriter(capacity: 256 + revisions.count * 200)
        let calls = ["old", "new"].flatMap { ["\($0)_task", "\($0)_ingestion_id", "\($0)_ordinal"] }
        for name in [timeName] + dataset.keys + names.map({ "old_\($0)" }) + names.map({ "new_\($0)" }) + ["changed_at"] + calls {
            csv.text(name)
        }
        csv.endRow()
        var rows = CSVRows(csv)
        for revision in revisions {
            writeHead(revision, to: &rows)
            for value in revision.old + revision.new { rows.value("", value) }
            rows.instant("", revision.changedAt, offset: dataset.zone.offset(at: revision.changedAt))
            for call in [revision.oldCall, revision.newCall] { writeMembers(of: call, to: &rows) }
            rows.endRow()
        }
        return rows.csv.bytes
    }

    private func write(_ revision: Revision, to rows: inout JSONRows) {
        rows.beginRow()
        writeHead(revision, to: &rows)
        for (name, values) in [("old", revision.old), ("new", revision.new)] {
            rows.json.key(name)
            rows.json.beginObject()
            for (name, value) in zip(names, values) { rows.value(name, value) }
            rows.json.endObject()
        }
        rows.instant("changed_at", revision.changedAt, offset: dataset.zone.offset(at: revision.changedAt))
        for (name, call) in [("old_call", revision.oldCall), ("new_call", revision.newCall)] {
            rows.json.key(name)
            guard call != nil else {
                rows.json.null()
                continue
            }
            rows.json.beginObject()
            writeMembers(of: call, to: &rows)
            rows.json.endObject()
        }
        rows.endRow()
    }

    private func writeHead(_ revision: Revision, to rows: inout some RowSink) {
        rows.instant(timeName, revision.time, offset: dataset.zone.offset(at: revision.time))
        for (name, value) in zip(dataset.keys, keys[revision.seriesID]?.values ?? []) { rows.text(name, value) }
    }

    private func writeMembers(of call: Revision.Call?, to rows: inout some RowSink) {
        rows.value("task", call.map { .integer($0.task) } ?? .null)
        rows.value("ingestion_id", call?.ingestionID.map { .text($0) } ?? .null)
        rows.value("ordinal", call?.ordinal.map { .integer(Int64($0)) } ?? .null)
    }
}
