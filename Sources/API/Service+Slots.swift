internal import Answers
internal import HTTP
internal import Series

/// Why one slot is as it is.
extension Service {
    func explainSlot(_ request: Request) async -> Response {
        await answering(request) { request in
            let dataset = try self.dataset(of: request)
            var query = QueryInput(request, known: dataset.keys)
            var values: [String] = []
            for name in dataset.keys {
                let given = query.list(name)
                if let given, given.count == 1 {
                    values.append(dataset.canonical(name, given[0]) ?? given[0])
                } else if given?.isEmpty ?? true {
                    query.wrong(name, "is required: one value, since a slot is of one series")
                } else {
                    query.wrong(name, "expected one value: a slot is of one series")
                }
            }
            try query.end()
            _ = try Form.wanted(nil, request, offered: [.json])
            let key = SeriesKey(values)
            let instant = try SlotTime.instant(request.parameter("time") ?? "", of: key, in: dataset)
            let slot = dataset.calendar(of: key).ruler.slot(containing: instant)
            var response = Response.json(try await self.reader.explain(slot, of: key, in: dataset.name))
            response.fields.add("Cache-Control", "no-store")
            return response
        }
    }
}
