internal import Answers
internal import HTTP
internal import Series

/// Rows and reports: questions to the reader, and its answers as HTTP has them.
extension Service {
    func history(_ request: Request) async -> Response { await readOne(request, ReadQuery.history) }
    func completeness(_ request: Request) async -> Response { await readOne(request, ReadQuery.completeness) }
    func gaps(_ request: Request) async -> Response { await readOne(request, ReadQuery.gaps) }
    func series(_ request: Request) async -> Response { await readOne(request, ReadQuery.series) }

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
            if let answer = cached(entry.query) { return shown(answer, entry, request) }
            return shown(try await answer(entry.query), entry, request)
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
        case .dataset(let name): reader.cached(dataset: name)
        case .datasets: nil
        }
    }

    private func answer(_ query: ReadQuery) async throws -> Answer {
        switch query {
        case .history(let query): try await reader.history(query)
        case .completeness(let query): try await reader.completeness(query)
        case .gaps(let query): try await reader.gaps(query)
        case .series(let query): try await reader.series(query)
        case .dataset(let name): try await reader.dataset(name)
        case .datasets: try await reader.datasetsSummary()
        }
    }

    private func shown(_ answer: Answer, _ entry: TargetMemo.Entry, _ request: Request) -> Response {
        let prepared = memo.prepared(entry, answer) {
            PreparedAnswer(answer, link: answer.nextCursor.map { Paging.link(request, to: $0) })
        }
        return shown(prepared, PreparedAnswer.fields(answer.age, answer.cacheStatus), request)
    }

    private func shown(_ prepared: PreparedAnswer, _ fields: HeaderLines, _ request: Request) -> Response {
        let isKnown = request.header("If-None-Match").map { EntityTag.matches($0, prepared.etag) } ?? false
        return .prebuilt(isKnown ? prepared.unchanged : prepared.answer, fields: fields)
    }
}
