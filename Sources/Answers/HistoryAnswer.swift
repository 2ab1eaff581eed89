internal import Bytes
internal import Series
internal import Store

/// `/history`: the rows, and how whole they are.
extension AnswerMaker {
    func history(_ query: HistoryQuery) async throws -> FreshAnswer {
        let scope = Scope(dataset, from: query.from, to: query.to, now: now)
        let cursor = try historyCursor(query)
        var page: HistoryPage?
        let snapshot = try await snapshot(notes: scope.span, span: { series in
            let made = try HistoryPage(query, scope, series, after: cursor, limit: query.limit ?? HistoryQuery.pageMax)
            if query.limit == nil && made.hasMore { throw AnswerError.longHistory }
            page = made
            return made.span
        })
        guard let page else { throw AnswerError.storeUnavailable(retryAfter: 1) }
        let next = page.hasMore ? page.end(snapshot.series)?.text(seal: question.seal) : nil
        let tallies = snapshot.series.map { scope.tally($0) }
        let body: [UInt8]
        if query.format == .json {
            var json = JSONWriter(capacity: 1024 + page.rowCount * 160)
            writeHead(&json, scope, snapshot, tallies)
            json.key("data")
            json.beginArray()
            var rows = JSONRows(json)
            var walk = RowWalk(page, of: snapshot, query, scope)
            walk.write(to: &rows)
            rows.json.endArray()
            rows.json.member("next_cursor", next)
            // Last: what is kept says no, and who sends it may say yes.
            rows.json.key("fetching")
            rows.json.bool(false)
            rows.json.endObject()
            body = rows.json.bytes
        } else {
            body = rowText(page, of: snapshot, query, scope, withHeader: true)
        }
        let lacking = lacking(snapshot.series, in: scope)
        var made = fresh(
            body, type: query.format.contentType, headers: [.init(name: "Gapless-Coverage", value: coverageText(tallies))],
            nextCursor: next, of: snapshot, until: until(scope.nextChange(snapshot.series), lacking, scope))
        made.lacking = lacking
        return made
    }

    func historyCursor(_ query: HistoryQuery) throws(AnswerError) -> Cursor? {
        guard let text = query.cursor else { return nil }
        return try Cursor(text, seal: question.seal, numbers: 2)
    }

    /// Rows and nothing else: CSV, or lines of JSON.
    func rowText(_ page: HistoryPage, of snapshot: Snapshot, _ query: HistoryQuery, _ scope: Scope, withHeader: Bool) -> [UInt8] {
        var walk = RowWalk(page, of: snapshot, query, scope)
        if query.format == .ndjson {
            var rows = JSONRows(JSONWriter(capacity: page.rowCount * 170), isLines: true)
            walk.write(to: &rows)
            return rows.json.bytes
        }
        var csv = CSVWriter(capacity: 256 + page.rowCount * 100)
        if withHeader {
            let table = snapshot.series.first.map { dataset.table(of: $0.key) } ?? dataset.table
            for name in (query.resolution == .slot ? table.slotFields : table.partFields).flatMap(\.cells) { csv.text(name) }
            if query.fill == .null { csv.text("reason") }
            csv.endRow()
        }
        var rows = CSVRows(csv)
        walk.write(to: &rows)
        return rows.csv.bytes
    }

    /// What `Gapless-Coverage` says.
    func coverageText(_ tallies: [Tally]) -> String {
        let total = tallies.reduce(Tally(), +)
        return "expected=\(total.expected), present=\(total.present), missing=\(total.missing), completeness=\(total.completeness)"
    }

    /// Everything before `data`.
    private func writeHead(_ json: inout JSONWriter, _ scope: Scope, _ snapshot: Snapshot, _ tallies: [Tally]) {
        json.beginObject()
        json.member("dataset", dataset.name)
        if snapshot.series.count == 1 {
            json.members(of: snapshot.series[0].key, names: dataset.keys)
        } else {
            for (index, name) in dataset.keys.enumerated() {
                json.key(name)
                json.beginArray()
                for value in Set(snapshot.series.map { $0.key.values[index] }).sorted() { json.string(value) }
                json.endArray()
            }
        }
        json.member("from", instant: scope.from, in: dataset.zone)
        json.member("to", instant: scope.to, in: dataset.zone)
        json.member("time_zone", dataset.zone.name)
        json.member("unit", dataset.unit)
        json.member("as_of", instant: scope.asOf(snapshot.series, changedAt: snapshot.version?.changedAt), in: dataset.zone)
        json.key("coverage")
        if snapshot.series.count == 1 {
            writeCoverage(&json, scope, snapshot.series[0], tallies[0], named: false)
        } else {
            json.beginArray()
            for (one, tally) in zip(snapshot.series, tallies) { writeCoverage(&json, scope, one, tally, named: true) }
            json.endArray()
        }
    }

    private func writeCoverage(_ json: inout JSONWriter, _ scope: Scope, _ one: StoredSeries, _ tally: Tally, named: Bool) {
        json.beginObject()
        if named { json.members(of: one.key, names: dataset.keys) }
        json.member("expected", tally.expected)
        json.member("present", tally.present)
        json.member("missing", tally.missing)
        json.member("completeness", tally.completeness)
        json.key("gaps")
        json.beginArray()
        for gap in scope.gaps(one) {
            json.beginObject()
            json.members(gap, of: one, in: scope)
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }
}

extension HistoryQuery.Format {
    var contentType: String {
        switch self {
        case .json: "application/json"
        case .csv: "text/csv; charset=utf-8; header=present"
        case .ndjson: "application/x-ndjson"
        }
    }
}
