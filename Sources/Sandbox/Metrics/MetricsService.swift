internal import Bytes

/// The imitated metrics service, from question to answer. Knows nothing of sockets. Not `Sendable`: lives on the sandbox's loop.
final class MetricsService {
    enum Path: String, CaseIterable {
        case alltime = "/v2/metrics/alltime"
        case daily = "/v2/metrics/daily"
        case hourly = "/v2/metrics/hourly"
    }

    let clock: Clock
    private let keys: Set<String>
    private(set) var books: Books
    private var pace = PaceKeeper()
    private var keyNumbers: [String: Int] = [:]
    /// Requests so far: what the dice are asked for each.
    private var asked: Int64 = 0

    var faults: Sandbox.MetricsFaults {
        get { books.faults }
        set { books.faults = newValue }
    }

    init(_ configuration: Sandbox.Configuration, clock: Clock) {
        self.clock = clock
        keys = configuration.keys
        books = Books(seed: configuration.seed, configuration.metrics, faults: configuration.faults.metrics)
    }

    func answer(_ method: String, _ question: Question) -> Answer {
        asked += 1
        if let most = faults.maxURL, question.length > most { return .page(414, "URI Too Long") }
        if happens(faults.resetRate, 350) { return .broken }
        guard keys.isEmpty || question.key.map(keys.contains) ?? false else {
            return MetricsService.failure(401, question.key == nil ? "apiKey is missing" : "apiKey is not valid")
        }
        let name = question.key ?? ""
        let number = keyNumbers[name] ?? keyNumbers.count + 1
        keyNumbers[name] = number
        var answer = turnedAway(name) ?? looked(method, question)
        answer.key = number
        if happens(faults.stallRate, 351) { answer.pause = faults.stallMs }
        return answer
    }

    /// What the door says before anybody looks at the question.
    private func turnedAway(_ key: String) -> Answer? {
        if !pace.take(key, faults.rateLimit) || happens(faults.http429Rate, 352) {
            var answer = MetricsService.failure(429, "Too many requests")
            if let seconds = faults.retryAfter { answer.fields.append(("Retry-After", String(seconds))) }
            return answer
        }
        if happens(faults.http500Rate, 353) { return MetricsService.failure(500, "Internal server error") }
        if happens(faults.http502Rate, 354) { return .page(502, "Bad Gateway") }
        if happens(faults.http503Rate, 355) { return .page(503, "Service Temporarily Unavailable") }
        if happens(faults.failRate, 356) { return MetricsService.json(200, #"{"Status":"fail","Message":"could not be worked out"}"#) }
        if happens(faults.errorRate, 357) { return MetricsService.failure(200, "something went wrong") }
        return nil
    }

    private func looked(_ method: String, _ question: Question) -> Answer {
        guard let path = Path(rawValue: question.path) else { return MetricsService.failure(404, "no such resource") }
        guard method == "GET" else { return MetricsService.failure(405, "GET only") }
        do throws(MetricsQuery.Refused) {
            var answer = listed(try MetricsQuery(path, question, books))
            answer.isCut = happens(faults.cutBodyRate, 358)
            if happens(faults.garbageRate, 359) {
                let kinds = faults.garbage.sorted { $0.rawValue < $1.rawValue }
                let kind = kinds[books.dice.pick(kinds.count, 360, asked)]
                GarbageBody.spoil(&answer, kind, shape: #"{"Status":"ok","Data":{"data":{"rows":null}}}"#)
            }
            return answer
        } catch {
            return MetricsService.failure(400, error.text)
        }
    }

    private func listed(_ query: MetricsQuery) -> Answer {
        let listing = MetricsListing(query: query, books: books, now: clock.now)
        var drift = 0
        if query.skip > 0, happens(faults.driftRate, 361) { drift = books.dice.pick(2, 362, asked) == 0 ? 1 : -1 }
        // One that left makes all behind it move up, so that the same skip passes over one more.
        var (rows, total) = listing.page(skip: query.skip + drift)
        total -= drift
        var strangers: [MetricsRow] = []
        if query.isNarrow, happens(faults.unaskedRate, 363) {
            strangers = listing.unasked(from: books.dice.pick(books.accounts.count, 364, asked))
            rows.insert(contentsOf: strangers, at: rows.count / 2)
            total += strangers.count
        }
        var body: [UInt8] = []
        body.reserveCapacity(200 + rows.count * 1_300)
        if happens(faults.lowerCaseRate, 365) {
            body += #"{"status":"ok","data":["#.utf8
            listing.write(rows, to: &body)
            body += "]}".utf8
        } else if happens(faults.bareListRate, 366) {
            body += #"{"Status":"ok","Data":["#.utf8
            listing.write(rows, to: &body)
            body += "]}".utf8
        } else {
            body += #"{"Status":"ok","Data":{"data":["#.utf8
            listing.write(rows, to: &body)
            let told = query.wantsTotal ? #""total":\#(total),"# : ""
            body += #"],\#(told)"skip":\#(query.skip),"limit":\#(query.limit),"count":\#(rows.count)}}"#.utf8
        }
        return Answer(status: 200, type: MetricsService.type, body: body, rows: rows.count, spoiled: strangers.count)
    }

    private func happens(_ rate: Double, _ salt: UInt64) -> Bool { rate > 0 && books.dice.unit(salt, asked) < rate }

    private static let type = "application/json; charset=utf-8"

    private static func json(_ status: Int, _ text: String) -> Answer { Answer(status: status, type: type, body: Array(text.utf8)) }

    private static func failure(_ status: Int, _ text: String) -> Answer {
        var out = JSONWriter()
        out.beginObject()
        out.member("Status") { $0.string("error") }
        out.member("Error") { $0.string(text) }
        out.endObject()
        return Answer(status: status, type: type, body: out.bytes)
    }
}
