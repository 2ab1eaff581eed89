internal import HTTP
internal import Ingest
internal import Series
internal import Store

/// How good the records of each series were, by ingestion.
extension Service {
    func listQuality(_ request: Request) async -> Response {
        await answering(request) { request in
            let dataset = try self.dataset(of: request)
            var query = QueryInput(request, known: dataset.choices + ["ingestion_id", "below_gate", "limit", "cursor", "format"])
            var selection = Selection(dataset: dataset.name)
            selection.keys = ReadQuery.keys(&query, of: dataset)
            let ingestion = query.text("ingestion_id")
            let isBelow = query.choice("below_gate", of: ["true", "false"])
            let limit = query.int("limit", in: ReadQuery.entries)
            let cursor = query.text("cursor")
            let format = query.text("format")
            try query.end()
            let form = try Form.wanted(format, request, offered: [.json, .csv, .ndjson])
            let most = limit ?? (form == .json ? Paging.otherwise : ReadQuery.entries.upperBound)
            let after = try Service.score(behind: cursor)
            if let ingestion {
                guard try await self.planning.store.ingestion(id: ingestion)?.dataset == dataset.name else {
                    throw Service.ingestionUnknown
                }
            }
            let filter = try await self.planning.quality(
                selection, ingestion: ingestion, isBelowGate: isBelow.map { $0 == "true" }, of: dataset)
            // One more than is shown says whether there is a next page.
            let found = try await self.planning.store.quality(of: dataset, filter, after: after, limit: most + 1)
            let shown = found.prefix(most)
            let next = found.count > most ? shown.last.map { Paging.cursor("quality", after: "\($0.ingestionID) \($0.seriesID)") } : nil
            return Service.page(shown, next: next, form, dataset, request)
        }
    }

    private static func page(
        _ shown: ArraySlice<SeriesQuality>, next: String?, _ form: Form, _ dataset: Dataset, _ request: Request
    ) -> Response {
        var response = Response(status: 200)
        switch form {
        case .json:
            response.fields.add("Content-Type", "application/json")
            response.body = .bytes(QualityDocument.json(shown, of: dataset, next: next))
        case .csv:
            response.fields.add("Content-Type", "text/csv; charset=utf-8; header=present")
            response.body = .bytes(QualityDocument.csv(shown, of: dataset))
        case .ndjson:
            response.fields.add("Content-Type", "application/x-ndjson")
            response.body = .bytes(QualityDocument.lines(shown, of: dataset))
        }
        response.fields.add("Cache-Control", "no-store")
        if let next { response.fields.add("Link", Paging.link(request, to: next)) }
        return response
    }

    private static func score(behind cursor: String?) throws(Failure) -> (ingestion: String, series: Int)? {
        guard let place = try Paging.place(cursor, in: "quality") else { return nil }
        let words = place.split(separator: " ")
        guard words.count == 2, let series = Int(words[1]) else { throw Paging.badCursor }
        return (String(words[0]), series)
    }
}
