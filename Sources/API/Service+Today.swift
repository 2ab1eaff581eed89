internal import Answers
internal import EventLoop
internal import HTTP
internal import Series
internal import Store

/// Answers that lack due slots of today: what is held is given at once, or after the wait that was asked for, and the slots are fetched.
extension Service {
    /// An answer that lacks slots of today. It is not remembered by its target, so that each such request comes by here.
    func shownLacking(_ answer: Answer, _ entry: TargetMemo.Entry, _ request: Request) async throws -> Response {
        var answer = answer
        let (ids, waited) = try await fetchedToday(answer.lacking, of: entry.dataset, request)
        var applied = HeaderLines()
        if let waited {
            answer = try await self.answer(entry.query)
            applied.add("Preference-Applied", "wait=\(waited)")
        }
        if answer.lacking.isEmpty { return shown(answer, entry, request, and: applied) }
        if ids.isEmpty {
            answer.term = nil
            // It may be asked for again before it changes by the clock.
            return shown(answer, entry, request, age: answer.age.cut(to: Self.lackingAgeMax), and: applied)
        }
        var response = Response(type: answer.contentType, answer.bodyWhileFetching)
        for (name, value) in answer.headers { response.fields.add(name, value) }
        if let cursor = answer.nextCursor { response.fields.add("Link", Paging.link(request, to: cursor)) }
        Self.sayFetching(&response)
        response.fields.add("Cache-Status", "gapless; \(answer.cacheStatus)")
        response.fields.append(applied)
        return response
    }

    /// Seconds for which a client may keep what might be whole soon.
    private static let lackingAgeMax = 60

    /// It holds for this moment only, so it has no tag.
    static func sayFetching(_ response: inout Response) {
        response.fields.add("Gapless-Fetching", "true")
        response.fields.add("Cache-Control", "no-store")
        response.fields.add("Vary", "Accept, \(ContentCoding.vary)")
    }

    /// A history to be made while it is sent; its coverage is that of its beginning, so it begins behind the wait.
    func opened(_ query: HistoryQuery, _ request: Request) async throws -> (history: HistoryStream, ids: [String], waited: Int?) {
        let client = request.client ?? request.peer
        let first = try await reader.stream(query, for: client)
        let (ids, waited) = try await fetchedToday(first.lacking, of: query.dataset, request)
        if waited == nil { return (first, ids, nil) }
        return (try await reader.stream(query, for: client), ids, waited)
    }

    /// Has what is lacking fetched. Ids of what is under way still; seconds of the wait that was asked for, where there was one.
    func fetchedToday(_ lacking: [TodayLack], of name: String, _ request: Request) async throws -> (ids: [String], waited: Int?) {
        guard today.isOn, !lacking.isEmpty, let dataset = datasets.first(where: { $0.name == name }) else { return ([], nil) }
        let ids = await today.underWay(dataset, lacking)
        guard !ids.isEmpty, let seconds = Preference.wait(request.header("Prefer")), patience.enter() else { return (ids, nil) }
        defer { patience.leave() }
        let deadline = Deadline.after(.seconds(seconds))
        var open: [String] = []
        for id in ids where !(await hasEnded(id, by: deadline)) { open.append(id) }
        return (open, seconds)
    }

    private func hasEnded(_ id: String, by deadline: Deadline) async -> Bool {
        // Where the store does not answer it is as if it had not ended.
        (try? await ended(id, by: deadline))?.status.isOver ?? false
    }
}
