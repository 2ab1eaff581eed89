internal import Bytes
internal import HTTP
internal import Ingest
internal import Series
internal import Store

/// Who changed what, and which call wrote which rows.
extension Service {
    func listAudit(_ request: Request) async -> Response {
        await answering(request) { request in
            var query = QueryInput(request, known: ["who", "what", "target", "from", "to", "limit", "cursor"])
            let what = query.choice("what", of: AuditNote.What.allCases.map(\.rawValue))
            let filter = Store.AuditFilter(
                who: query.text("who"), what: what, target: query.text("target"), from: query.instant("from", in: .utc),
                to: query.instant("to", in: .utc))
            if let from = filter.from, let to = filter.to, to < from { query.wrong("to", "must not be before from") }
            let limit = query.int("limit", in: Paging.limits, otherwise: Paging.otherwise)
            let cursor = query.text("cursor")
            try query.end()
            _ = try Form.wanted(nil, request, offered: [.json])
            let after = try Paging.place(cursor, in: "audit").map { place throws(Failure) in
                guard let id = Int64(place) else { throw Paging.badCursor }
                return id
            }
            // One more than is shown says whether there is a next page.
            let found = try await self.planning.store.audit(filter, after: after, limit: limit + 1)
            let shown = found.prefix(limit)
            let next = found.count > limit ? shown.last.map { Paging.cursor("audit", after: "\($0.id)") } : nil
            return Paging.response(request, next: next) { json in
                for note in shown { AuditText.write(note, to: &json) }
            }
        }
    }

    func auditedCall(_ request: Request) async -> Response {
        await answering(request) { request in
            try self.takeNothing(request)
            guard let task = Int64(request.parameter("task") ?? ""),
                let call = try await self.planning.store.call(task, datasets: self.datasets)
            else { throw Failure(.callUnknown, "There is no call of this number, or it is kept no more.") }
            let dataset = try SelectionJSON.dataset(call.dataset, among: self.datasets)
            let text = try await CallText.of(dataset, [call.task.call], store: self.planning.store)
            var json = JSONWriter(capacity: 4096)
            AuditText.write(call, of: dataset, text, to: &json)
            return Service.uncached(json)
        }
    }
}

/// The audit as clients see it. Its instants are real time; those of rows are of the dataset's zone.
enum AuditText {
    static func write(_ note: StoredAudit, to json: inout JSONWriter) {
        json.beginObject()
        json.member("id", Int(note.id))
        json.member("at", instant: note.at)
        json.member("who", note.who)
        json.member("what", note.what)
        json.member("target", note.target)
        json.member("dataset", note.dataset)
        json.member("request_id", note.requestID)
        json.member("trace_id", note.traceID)
        json.key("detail")
        json.raw(note.detail.utf8)
        json.endObject()
    }

    static func write(_ call: CallAudit, of dataset: Dataset, _ text: CallText, to json: inout JSONWriter) {
        json.beginObject()
        json.member("task", Int(call.task.id))
        json.member("dataset", call.dataset)
        json.member("ingestion") { json in
            json.member("id", call.ingestionID)
            json.member("requested_by", call.requestedBy)
            json.member("lane", call.lane.rawValue)
            json.member("trace_id", call.traceID)
            json.key("filed")
            if let filed = call.filed { write(filed, to: &json) } else { json.null() }
        }
        json.key("call")
        IngestionText.write(call.task, text, to: &json)
        json.key("attempts")
        json.beginArray()
        for receipt in call.receipts { write(receipt, to: &json) }
        json.endArray()
        json.member("rows") { json in
            json.member("held", call.rows)
            json.member("replaced", call.replaced)
            json.member("series_count", call.seriesCount)
            json.key("series")
            json.beginArray()
            for written in call.written { write(written, of: dataset, to: &json) }
            json.endArray()
        }
        json.endObject()
    }

    private static func write(_ receipt: CallAudit.Receipt, to json: inout JSONWriter) {
        json.beginObject()
        json.member("attempt", receipt.attempt)
        json.member("ended", receipt.ended)
        json.member("reason", receipt.reason)
        json.member("requests", receipt.requests)
        json.member("rows", receipt.rows)
        json.member("dropped", receipt.dropped)
        json.member("body_bytes", receipt.bodyBytes)
        json.member("at", instant: receipt.recordedAt)
        json.endObject()
    }

    private static func write(_ written: CallAudit.Written, of dataset: Dataset, to json: inout JSONWriter) {
        json.beginObject()
        for (name, value) in zip(dataset.keys, written.key.values) { json.member(name, value) }
        json.member("held", written.rows)
        json.member("first", instant: written.first, offset: written.first.map { dataset.zone.offset(at: $0) } ?? 0)
        json.member("last", instant: written.last, offset: written.last.map { dataset.zone.offset(at: $0) } ?? 0)
        json.member("replaced", written.replaced)
        json.endObject()
    }
}
