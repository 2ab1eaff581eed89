internal import Answers
internal import Codec
internal import HTTP
internal import Series

/// Rows and reports: questions to the reader, and its answers as HTTP has them.
extension Service {
    func history(_ request: Request) async -> Response { await readOne(request, ReadQuery.history) }
    func completeness(_ request: Request) async -> Response { await readOne(request, ReadQuery.completeness) }
    func gaps(_ request: Request) async -> Response { await readOne(request, ReadQuery.gaps) }
    func series(_ request: Request) async -> Response { await readOne(request, ReadQuery.series) }
    func revisions(_ request: Request) async -> Response { await readOne(request, ReadQuery.revisions) }

    /// What is answered again and again, without a wait and without a search: nil where the target is not remembered, or its
    /// answer holds no longer.
    func readAgain(_ request: Request) -> Response? {
        guard let entry = memo.entry(TargetMemo.Key(request)), let prepared = entry.prepared, let term = prepared.term,
            let age = reader.age(of: term, on: entry.dataset)
        else { return nil }
        return shown(prepared, prepared.fields(at: age), request)
    }

    private func readOne(_ request: Request, _ parse: (Request, Dataset) throws(Failure) -> ReadQuery) async -> Response {
        await read(request) { (request: Request) throws(Failure) in try parse(request, try self.dataset(of: request)) }
    }

    /// Answers a question; `parse` is asked only where this target was not asked for of late.
    func read(_ request: Request, _ parse: (Request) throws(Failure) -> ReadQuery) async -> Response {
        do {
            let key = TargetMemo.Key(request)
            let entry: TargetMemo.Entry
            if let known = memo.entry(key) {
                entry = known
            } else {
                entry = memo.keep(try parse(request), for: key)
            }
            // What this loop holds already is answered without a wait.
            if let answer = cached(entry.query), !today.isOn || answer.lacking.isEmpty { return shown(answer, entry, request) }
            do {
                let answer = try await answer(entry.query)
                if today.isOn, !answer.lacking.isEmpty { return try await shownLacking(answer, entry, request) }
                return shown(answer, entry, request)
            } catch AnswerError.longHistory {
                guard case .history(let query) = entry.query else { throw AnswerError.longHistory }
                return await streamed(query, request)
            }
        } catch {
            return failed(error, request)
        }
    }

    private func cached(_ query: ReadQuery) -> Answer? {
        switch query {
        case .history(let query): reader.cached(query)
        case .completeness(let query): reader.cached(query)
        case .gaps(let query): reader.cached(query)
        case .series(let query): reader.cached(query)
        case .revisions(let query): reader.cached(query)
        case .dataset(let name): reader.cached(dataset: name)
        case .datasets: nil
        }
    }

    func answer(_ query: ReadQuery) async throws -> Answer {
        switch query {
        case .history(let query): try await reader.history(query)
        case .completeness(let query): try await reader.completeness(query)
        case .gaps(let query): try await reader.gaps(query)
        case .series(let query): try await reader.series(query)
        case .revisions(let query): try await reader.revisions(query)
        case .dataset(let name): try await reader.dataset(name)
        case .datasets: try await reader.datasetsSummary()
        }
    }

    /// `more`: fields of this sending alone.
    func shown(
        _ answer: Answer, _ entry: TargetMemo.Entry, _ request: Request, age: AnswerAge? = nil, and more: HeaderLines = HeaderLines()
    ) -> Response {
        let prepared = memo.prepared(entry, answer) {
            PreparedAnswer(answer, link: answer.nextCursor.map { Paging.link(request, to: $0) })
        }
        var fields = PreparedAnswer.fields(age ?? answer.age, answer.cacheStatus)
        fields.append(more)
        return shown(prepared, fields, request)
    }

    private func shown(_ prepared: PreparedAnswer, _ fields: HeaderLines, _ request: Request) -> Response {
        prepared.representation(for: request).response(for: request, fields: fields)
    }

    /// A history that is too long to be made before it is sent.
    private func streamed(_ query: HistoryQuery, _ request: Request) async -> Response {
        await answering(request) { request in
            let (history, ids, waited) = try await self.opened(query, request)
            var response = Response(status: 200)
            response.fields.add("Content-Type", history.contentType)
            for (name, value) in history.headers { response.fields.add(name, value) }
            if ids.isEmpty {
                response.fields.add("Cache-Control", "max-age=\(history.maxAge)")
                response.fields.add("Vary", "Accept, \(ContentCoding.vary)")
            } else {
                Self.sayFetching(&response)
            }
            if let waited { response.fields.add("Preference-Applied", "wait=\(waited)") }
            response.fields.add("Cache-Status", "gapless; fwd=bypass; detail=streamed")
            let gzip = ContentCoding.takesGzip(request) ? try GzipWriter(level: 1) : nil
            if gzip != nil { response.fields.add("Content-Encoding", "gzip") }
            response.body = .stream { writer in
                while let piece = try await history.next() { try await writer.write(gzip?.add(piece) ?? piece) }
                if let gzip { try await writer.write(gzip.finish()) }
            }
            return response
        }
    }
}
