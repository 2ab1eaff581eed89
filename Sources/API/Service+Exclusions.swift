internal import Bytes
internal import HTTP
internal import Ingest
internal import Series
internal import Store

/// Exclusions: a person says, with a note, that slots are not expected.
extension Service {
    func makeExclusion(_ request: Request) async -> Response {
        await answering(request, input: .body) { request in
            try self.takeNothing(request)
            let dataset = try self.dataset(of: request)
            let body = try BodyInput.object(request)
            return try await self.once(request) { key in try await self.excluded(body, dataset, request, key) }
        }
    }

    private func excluded(_ body: JSONValue, _ dataset: Dataset, _ request: Request, _ key: RequestKey?) async throws -> Response {
        let input = try ExclusionInput(body, of: dataset)
        let series = try await planning.store.entries(of: dataset.name)
            .filter { dataset.selects($0.key, by: input.selection) }.sorted { $0.key < $1.key }
        let new = Store.NewExclusion(
            dataset: dataset.name, keys: input.keys, seriesIDs: series.map(\.id), from: input.from, to: input.to,
            slots: try input.slots(of: series.map(\.key), in: dataset), note: input.note, madeBy: request.client ?? "api",
            requestID: request.id)
        func answer(_ made: StoredExclusion) -> KeptAnswer {
            var json = JSONWriter(capacity: 512)
            ExclusionText.write(made, of: dataset, to: &json)
            return KeptAnswer(status: 201, location: "/v1/\(dataset.name)/exclusions/\(made.id)", body: json.bytes)
        }
        let keeping = key.map { Keeping($0, answer: answer) }
        return Service.shown(answer(try await planning.store.exclude(new, now: planning.clock.now, keeping: keeping)))
    }

    func listExclusions(_ request: Request) async -> Response {
        await answering(request) { request in
            let dataset = try self.dataset(of: request)
            var query = QueryInput(request, known: ["state", "limit", "cursor"])
            let state = query.choice("state", of: Store.ExclusionState.allCases.map(\.rawValue))
            let limit = query.int("limit", in: Paging.limits, otherwise: Paging.otherwise)
            let cursor = query.text("cursor")
            try query.end()
            _ = try Form.wanted(nil, request, offered: [.json])
            let after = try Paging.place(cursor, in: "exclusions")
            // One more than is shown says whether there is a next page.
            let found = try await self.planning.store.exclusions(
                of: dataset.name, state: state.flatMap(Store.ExclusionState.init(rawValue:)) ?? .inForce, after: after, limit: limit + 1)
            let shown = found.prefix(limit)
            let next = found.count > limit ? shown.last.map { Paging.cursor("exclusions", after: $0.id) } : nil
            return Paging.response(request, next: next) { json in
                for one in shown { ExclusionText.write(one, of: dataset, to: &json) }
            }
        }
    }

    func oneExclusion(_ request: Request) async -> Response {
        await answering(request) { request in
            let dataset = try self.dataset(of: request)
            try self.takeNothing(request)
            guard let one = try await self.planning.store.exclusion(id: request.parameter("id") ?? "", of: dataset.name) else {
                throw Service.exclusionUnknown
            }
            var json = JSONWriter(capacity: 512)
            ExclusionText.write(one, of: dataset, to: &json)
            return Service.uncached(json)
        }
    }

    func liftExclusion(_ request: Request) async -> Response {
        await answering(request) { request in
            let dataset = try self.dataset(of: request)
            try self.takeNothing(request)
            let isThere = try await self.planning.store.lift(
                exclusion: request.parameter("id") ?? "", of: dataset.name, by: request.client ?? "api", requestID: request.id,
                now: self.planning.clock.now)
            if !isThere { throw Service.exclusionUnknown }
            var response = Response(status: 204)
            response.fields.add("Cache-Control", "no-store")
            return response
        }
    }

    private static let exclusionUnknown = Failure(.exclusionUnknown, "The dataset has no exclusion of this id.")
}

/// An exclusion as a client asks for it.
private struct ExclusionInput {
    /// Which series; nothing else of it is used.
    let selection: Selection
    /// The key values as they were given, JSON.
    let keys: String
    let from: Int64
    let to: Int64
    let note: String

    private static let noteMax = 500

    init(_ body: JSONValue, of dataset: Dataset) throws {
        let known = dataset.keys + ["from", "to", "note"]
        var members: [(String, JSONValue)] = [("dataset", .string(dataset.name))]
        for (name, value) in body.object ?? [] {
            guard known.contains(name) else {
                throw InputError(name, "is not a field of an exclusion of \(dataset.name): \(known.joined(separator: ", "))")
            }
            if name != "note" { members.append((name, value)) }
        }
        selection = try SelectionJSON.read(.object(members), datasets: [dataset])
        guard let from = selection.from else { throw InputError("from", "is required: a date or an instant with its offset") }
        guard let to = selection.to else { throw InputError("to", "is required: a date or an instant with its offset") }
        (self.from, self.to) = (from, to)
        note = try Self.note(body["note"])
        var json = JSONWriter()
        json.beginObject()
        for name in dataset.keys {
            if let values = selection.keys[name] { json.member(name, values) }
        }
        json.endObject()
        keys = String(decoding: json.bytes, as: UTF8.self)
    }

    /// Slots are counted as each of these series counts its own: all of them in one way, since what is kept is one range of numbers.
    func slots(of series: [SeriesKey], in dataset: Dataset) throws -> Range<Int> {
        let rulers = Set(series.map { dataset.calendar(of: $0).ruler })
        guard let ruler = rulers.first else { throw Failures.unknownCombination }
        guard rulers.count == 1 else {
            throw InputError(dataset.keys[dataset.keys.count - 1], "name one: an exclusion is of slots of one length")
        }
        let slots = ruler.slots(from: from, to: to)
        if slots.isEmpty { throw InputError("to", "no slot begins between from and to") }
        return slots
    }

    private static func note(_ value: JSONValue?) throws(InputError) -> String {
        let expected = "a text of 1 to \(noteMax) characters that says why the slots are not expected"
        guard let value, !value.isNull else { throw InputError("note", "is required: \(expected)") }
        guard let note = value.string else { throw InputError("note", "expected \(expected)") }
        let scalars = note.unicodeScalars
        if scalars.count > noteMax { throw InputError("note", "expected \(expected), not \(scalars.count)") }
        if scalars.contains("\0") { throw InputError("note", "expected \(expected), without NUL") }
        if scalars.allSatisfy(\.properties.isWhitespace) { throw InputError("note", "expected \(expected), not blanks only") }
        return note
    }
}

/// An exclusion as clients see it. When it was made and lifted is real time.
enum ExclusionText {
    static func write(_ one: StoredExclusion, of dataset: Dataset, to json: inout JSONWriter) {
        json.beginObject()
        json.member("id", one.id)
        json.member("dataset", one.dataset)
        json.key("keys")
        json.raw(one.keys.utf8)
        json.member("series", one.series)
        json.member("from", instant: one.from, offset: dataset.zone.offset(at: one.from))
        json.member("to", instant: one.to, offset: dataset.zone.offset(at: one.to))
        json.member("slots", one.slots)
        json.member("note", one.note)
        json.member("made_by", one.madeBy)
        json.member("made_at", instant: one.madeAt)
        json.member("lifted_by", one.liftedBy)
        json.member("lifted_at", instant: one.liftedAt)
        json.endObject()
    }
}
