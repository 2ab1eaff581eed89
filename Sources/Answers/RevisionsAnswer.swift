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
        if query.format == .csv { try requireOneTable(found.snapshot.series.map(\.key)) }
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

    /// The columns of a CSV are those of one table.
    private func requireOneTable(_ keys: [SeriesKey]) throws(AnswerError) {
        let table = { (key: SeriesKey) in dataset.schema(of: key).table }
        if Set(keys.map(table)).count > 1 { throw .manyLengths(field: dataset.key(parting: keys, by: table)) }
    }

    /// The years 1 to 9999, UTC.
    private static let allTime: Range<Int64> = -62_135_596_800..<253_402_300_800
}

/// Revisions as clients see them: values by the names that parts of the history have them under.
private struct RevisionText {
    private let dataset: Dataset
    private let keys: [Int: SeriesKey]
    /// By the names of the tables.
    private let tables: [String: RevisedTable]
    /// The columns of a CSV.
    private let first: RevisedTable

    init(_ dataset: Dataset, _ series: [StoredSeries]) {
        self.dataset = dataset
        keys = Dictionary(uniqueKeysWithValues: series.map { ($0.id, $0.key) })
        first = RevisedTable(series.first.map { dataset.table(of: $0.key) } ?? dataset.table)
        tables = Dictionary(grouping: series) { dataset.schema(of: $0.key).table }.compactMapValues { series in
            series.first.map { RevisedTable(dataset.table(of: $0.key)) }
        }
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
        let cells = first.cells
        for name in [first.timeName] + dataset.keys + cells.map({ "old_\($0)" }) + cells.map({ "new_\($0)" }) + ["changed_at"] + calls {
            csv.text(name)
        }
        csv.endRow()
        var rows = CSVRows(csv)
        for revision in revisions {
            writeHead(revision, to: &rows)
            for values in [revision.old, revision.new] { first.write(values, to: &rows) }
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
            table(of: revision).write(values, to: &rows)
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

    private func table(of revision: Revision) -> RevisedTable {
        keys[revision.seriesID].flatMap { tables[dataset.schema(of: $0).table] } ?? first
    }

    private func writeHead(_ revision: Revision, to rows: inout some RowSink) {
        rows.instant(table(of: revision).timeName, revision.time, offset: dataset.zone.offset(at: revision.time))
        for (name, value) in zip(dataset.keys, keys[revision.seriesID]?.values ?? []) { rows.text(name, value) }
    }

    private func writeMembers(of call: Revision.Call?, to rows: inout some RowSink) {
        rows.value("task", call.map { .integer($0.task) } ?? .null, .integer)
        rows.value("ingestion_id", call?.ingestionID.map { .text($0) } ?? .null, .text)
        rows.value("ordinal", call?.ordinal.map { .integer(Int64($0)) } ?? .null, .integer)
    }
}

/// How the values of one table's rows are told in revisions.
private struct RevisedTable {
    private enum Member {
        case column(name: String, Int)
        case object(name: String, members: [(name: String, column: Int)], rest: Int)

        var cells: [String] {
            switch self {
            case .column(let name, _): [name]
            case .object(_, let members, _): CSVRows.cells(of: members.map(\.name))
            }
        }
    }

    /// What the start of a part goes by.
    let timeName: String
    private let columns: [RowSchema.Column]
    /// In the order of columns; one that the history does not show goes by its own name, and those of an object stand in it.
    private let members: [Member]
    /// What `write` fills of a CSV.
    var cells: [String] { members.flatMap(\.cells) }

    init(_ table: RowTable) {
        columns = table.schema.columns
        var timeName = "datetime"
        var members: [Member?] = columns.enumerated().map { .column(name: $0.element.name, $0.offset) }
        for field in table.partFields {
            switch field.content {
            case .instant: timeName = field.name
            case .value(let column): members[column] = .column(name: field.name, column)
            case .object(let own, let rest):
                for place in own.map(\.column) { members[place] = nil }
                members[rest] = .object(name: field.name, members: own, rest: rest)
            default: break
            }
        }
        self.timeName = timeName
        self.members = members.compactMap(\.self)
    }

    /// Each member of a row, in order.
    func write(_ values: [Value], to rows: inout some RowSink) {
        for member in members {
            switch member {
            case .column(let name, let place): rows.value(name, values[place], columns[place].kind)
            case .object(let name, let own, let rest):
                rows.object(name, own.map { ShownMember($0.name, values[$0.column], columns[$0.column].kind) }, rest: values[rest])
            }
        }
    }
}
