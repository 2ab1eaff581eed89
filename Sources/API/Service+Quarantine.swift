internal import Bytes
internal import HTTP
internal import Ingest
internal import Series
internal import Store

/// Records that failed a dataset's rules: what they are, and how they are stored after all.
extension Service {
    func listQuarantine(_ request: Request) async -> Response {
        await answering(request) { request in
            let dataset = try self.dataset(of: request)
            var query = QueryInput(
                request, known: dataset.choices + ["from", "to", "reason", "status", "limit", "cursor", "format"])
            let keys = ReadQuery.keys(&query, of: dataset)
            let (from, to) = ReadQuery.range(&query, of: dataset, isRequired: false)
            let reason = query.text("reason")
            let status = query.choice("status", of: RefusalStatus.allCases.map(\.rawValue) + ["all"])
            let limit = query.int("limit", in: ReadQuery.entries)
            let cursor = query.text("cursor")
            let format = query.text("format")
            try query.end()
            let form = try Form.wanted(format, request, offered: [.json, .csv, .ndjson])
            let most = limit ?? (form == .json ? Paging.otherwise : ReadQuery.entries.upperBound)
            let after = try Service.refusal(behind: cursor, in: "quarantine")
            var selection = Selection(dataset: dataset.name)
            selection.keys = keys
            var filter = try await self.planning.refusals(selection, reason, of: dataset)
            (filter.from, filter.to) = (from, to)
            filter.status = status == "all" ? nil : status.flatMap(RefusalStatus.init) ?? .open
            // One more than is shown says whether there is a next page.
            let found = try await self.planning.store.refusals(of: dataset.name, filter, after: after, limit: most + 1)
            let shown = found.prefix(most)
            let next = found.count > most ? shown.last.map { Paging.cursor("quarantine", after: "\($0.id)") } : nil
            return Service.page(shown, next: next, form, dataset, request)
        }
    }

    private static func page(
        _ shown: ArraySlice<StoredRefusal>, next: String?, _ form: Form, _ dataset: Dataset, _ request: Request
    ) -> Response {
        var response: Response
        switch form {
        case .json:
            return Paging.response(request, next: next) { json in
                for one in shown { RefusalDocument.write(one, of: dataset, to: &json) }
            }
        case .csv:
            response = Response(status: 200)
            response.fields.add("Content-Type", "text/csv; charset=utf-8; header=present")
            response.body = .bytes(RefusalDocument.csv(shown, of: dataset))
        case .ndjson:
            response = Response(status: 200)
            response.fields.add("Content-Type", "application/x-ndjson")
            response.body = .bytes(shown.flatMap { RefusalDocument.json($0, of: dataset) + [UInt8(ascii: "\n")] })
        }
        response.fields.add("Cache-Control", "no-store")
        if let next { response.fields.add("Link", Paging.link(request, to: next)) }
        return response
    }

    func oneRefusal(_ request: Request) async -> Response {
        await answering(request) { request in
            let dataset = try self.dataset(of: request)
            try self.takeNothing(request)
            guard let id = Service.refusalID(of: request), let one = try await self.planning.store.refusal(id, of: dataset.name) else {
                throw Service.refusalUnknown
            }
            var json = JSONWriter(capacity: 1024)
            RefusalDocument.write(one, of: dataset, to: &json)
            return Service.uncached(json)
        }
    }

    func releaseRefusal(_ request: Request) async -> Response {
        await answering(request, input: .body) { request in
            let dataset = try self.dataset(of: request)
            try self.takeNothing(request)
            try Service.takeEmptyBody(request)
            guard let id = Service.refusalID(of: request) else { throw Service.refusalUnknown }
            func answer(_ one: StoredRefusal) -> KeptAnswer {
                KeptAnswer(
                    status: 202, location: "/v1/\(dataset.name)/quarantine/\(one.id)", body: RefusalDocument.json(one, of: dataset))
            }
            return try await self.once(request) { key in
                let released = try await self.planning.store.release(
                    refused: id, of: dataset, by: request.asker, now: self.planning.clock.now,
                    keeping: key.map { Keeping($0, answer: answer) })
                guard let released else { throw Service.refusalUnknown }
                return Service.shown(answer(released))
            }
        }
    }

    func replayQuarantine(_ request: Request) async -> Response {
        await answering(request, input: .body) { request in
            let dataset = try self.dataset(of: request)
            try self.takeNothing(request)
            let input = try ReplayInput(try BodyInput.object(request), of: dataset)
            func answer(_ replayed: Replayed) -> KeptAnswer {
                var json = JSONWriter(capacity: 256)
                json.beginObject()
                json.member("dataset", dataset.name)
                json.member("examined", replayed.examined)
                json.member("stored", replayed.stored)
                json.member("left_open", replayed.examined - replayed.stored)
                json.member("ingestion_id", replayed.ingestionID)
                json.member("next_cursor", replayed.next.map { Paging.cursor("replay", after: "\($0)") })
                json.endObject()
                let location = replayed.ingestionID.map { "/v1/ingestions/\($0)" } ?? "/v1/\(dataset.name)/quarantine"
                return KeptAnswer(status: 202, location: location, body: json.bytes)
            }
            return try await self.once(request) { key in
                let filter = try await self.planning.refusals(input.selection, input.reason, of: dataset)
                return Service.shown(answer(try await self.planning.store.replay(
                    filter, of: dataset, after: input.after, limit: input.limit, by: request.asker, now: self.planning.clock.now,
                    keeping: key.map { Keeping($0, answer: answer) })))
            }
        }
    }

    // MARK: Pieces

    private static let refusalUnknown = Failure(.refusalUnknown, "The dataset has no refused record of this id, or it is kept no more.")

    private static func refusalID(of request: Request) -> Int64? {
        let text = request.parameter("id") ?? ""
        return text.utf8.allSatisfy { (48...57).contains($0) } ? Int64(text) : nil
    }

    fileprivate static func refusal(behind cursor: String?, in list: String) throws(Failure) -> Int64? {
        guard let place = try Paging.place(cursor, in: list) else { return nil }
        guard let id = Int64(place) else { throw Paging.badCursor }
        return id
    }
}

/// Which records are to be read again, as a client asks for it.
private struct ReplayInput {
    let selection: Selection
    let reason: String?
    let after: Int64?
    let limit: Int

    init(_ body: JSONValue, of dataset: Dataset) throws {
        let known = dataset.choices + ["from", "to", "reason", "limit", "cursor"]
        var members: [(String, JSONValue)] = [("dataset", .string(dataset.name))]
        for (name, value) in body.object ?? [] {
            guard known.contains(name) else {
                throw InputError(name, "is not a field of a replay of \(dataset.name): \(known.joined(separator: ", "))")
            }
            if !["reason", "limit", "cursor"].contains(name) { members.append((name, value)) }
        }
        selection = try SelectionJSON.read(.object(members), datasets: [dataset])
        reason = try Self.text(body["reason"], "reason")
        let most = Store.replayMax
        limit = try body["limit"].map { value in
            if let limit = value.wholeNumber.map({ Int($0) }), (1...most).contains(limit) { return limit }
            throw InputError("limit", "expected a whole number from 1 to \(most)")
        } ?? most
        guard let cursor = try Self.text(body["cursor"], "cursor") else {
            after = nil
            return
        }
        do {
            after = try Service.refusal(behind: cursor, in: "replay")
        } catch {
            throw InputError("cursor", "is not one that a replay gave out: begin without one")
        }
    }

    private static func text(_ value: JSONValue?, _ field: String) throws(InputError) -> String? {
        guard let value, !value.isNull else { return nil }
        guard let text = value.string, !text.unicodeScalars.contains("\0") else { throw InputError(field, "expected a text") }
        return text
    }
}

extension Failures {
    static func failure(_ refusal: ReleaseRefusal) -> Failure {
        switch refusal {
        case .noReread: Failure(.notReleasable, "Records of this dataset cannot be read again; an ingestion asks for them anew.")
        case .settled(let status):
            Failure(.notReleasable, "The record is \(status.rawValue): \(status.resolution ?? "nothing is left to release").")
        case .unreadable(let reason): Failure(.notReleasable, "The record cannot be stored even so: \(reason).")
        }
    }
}
