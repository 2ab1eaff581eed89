internal import Bytes

/// The imitated stock data service, from question to answer. Knows nothing of sockets. Not `Sendable`: lives on the sandbox's loop.
final class PolygonService {
    let clock: Clock
    let book: EquityBook
    private let keys: Set<String>
    private var quotas: [String: Quota] = [:]
    private var keyNumbers: [String: Int] = [:]
    /// Requests so far: what the dice are asked for each.
    private(set) var asked: Int64 = 0

    var faults: Sandbox.PolygonFaults {
        get { book.faults }
        set { book.faults = newValue }
    }

    /// Throws what a recording that cannot be read throws.
    init(_ configuration: Sandbox.Configuration, clock: Clock) throws {
        self.clock = clock
        keys = configuration.keys
        book = try EquityBook(configuration)
    }

    func answer(_ method: String, _ question: Question) -> Answer {
        asked += 1
        let key = question.bearer ?? question["apiKey"]
        guard keys.isEmpty || key.map(keys.contains) ?? false else {
            return failure(401, "error", key == nil ? "API Key was not provided" : "Unknown API Key")
        }
        let name = key ?? ""
        let number = keyNumbers[name] ?? keyNumbers.count + 1
        keyNumbers[name] = number
        var answer = turnedAway(name) ?? looked(method, question)
        answer.key = number
        if happens(faults.stallRate, 440) { answer.pause = faults.stallMs }
        return answer
    }

    /// What the door says before anybody looks at the question.
    private func turnedAway(_ key: String) -> Answer? {
        // Those that break count as well.
        let isWithin = quotas[key, default: Quota(window: 60)].take(faults.requestsPerMinute, now: clock.now)
        if happens(faults.resetRate, 441) { return .broken }
        if happens(faults.timeoutRate, 442) { return .never }
        if faults.requestsPerMinute > 0 && !isWithin || happens(faults.http429Rate, 443) {
            if faults.empty429 { return Answer(status: 429, type: PolygonService.type, body: []) }
            return failure(429, "error", """
                You've exceeded the maximum requests per minute, please wait or upgrade your subscription to continue. \
                https://polygon.io/pricing
                """)
        }
        if happens(faults.http500Rate, 444) { return failure(500, "error", "Internal server error") }
        if happens(faults.http503Rate, 445) { return .page(503, "Service Temporarily Unavailable") }
        return nil
    }

    private func looked(_ method: String, _ question: Question) -> Answer {
        guard let path = PolygonPath(question.path) else { return .plain(404, "404 page not found") }
        guard method == "GET" else { return failure(405, "error", "Method not allowed") }
        let now = clock.now
        do throws(PolygonRefusal) {
            var answer: Answer
            switch path {
            case .range(let ticker, let multiplier, let timespan, let from, let to):
                try PolygonService.check(multiplier, timespan)
                answer = try range(ticker, from: from, to: to, question, now: now)
            case .grouped(let date): answer = try grouped(date, question, now: now)
            case .previous(let ticker): answer = try previous(ticker, question, now: now)
            case .upcoming: answer = upcoming(now: now)
            case .now: answer = marketNow(now: now)
            }
            answer.isCut = happens(faults.truncatedRate, 446)
            if happens(faults.garbageRate, 447) {
                let kinds = faults.garbage.sorted { $0.rawValue < $1.rawValue }
                GarbageBody.spoil(&answer, kinds[book.dice.pick(kinds.count, 448, asked)], shape: #"{"status":"OK","results":{"t":null}}"#)
            }
            return answer
        } catch {
            return failure(error.status, error.status == 403 || error.status == 404 ? "message" : "error", error.text)
        }
    }

    private static func check(_ multiplier: String, _ timespan: String) throws(PolygonRefusal) {
        guard let count = Int(multiplier), count > 0 else {
            throw PolygonRefusal(400, "Could not parse the multiplier parameter: '\(multiplier)' is not a positive number")
        }
        let known = ["second", "minute", "hour", "day", "week", "month", "quarter", "year"]
        guard known.contains(timespan) else { throw PolygonRefusal(400, "Unknown timespan '\(timespan)'") }
        // The imitation has daily bars alone.
        if count != 1 || timespan != "day" { throw PolygonRefusal(404, "Data not found.") }
    }

    func happens(_ rate: Double, _ salt: UInt64) -> Bool { rate > 0 && book.dice.unit(salt, asked) < rate }

    static let type = "application/json"

    var requestID: String {
        func hex(_ bits: UInt64) -> String {
            let digits = String(bits, radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }
        return hex(book.dice.bits(450, asked)) + hex(book.dice.bits(451, asked))
    }

    /// `name`: the member that the text stands under.
    func failure(_ status: Int, _ name: String, _ text: String) -> Answer {
        var out = JSONWriter()
        out.beginObject()
        let word = status == 403 ? "NOT_AUTHORIZED" : status == 404 ? "NOT_FOUND" : "ERROR"
        out.member("status") { $0.string(word) }
        out.member("request_id") { $0.string(requestID) }
        out.member(name) { $0.string(text) }
        out.endObject()
        return Answer(status: status, type: PolygonService.type, body: out.bytes)
    }
}

/// Why a question gets no bars.
struct PolygonRefusal: Error {
    let status: Int
    let text: String

    init(_ status: Int, _ text: String) {
        self.status = status
        self.text = text
    }

    static let notEntitled = PolygonRefusal(
        403, "You are not entitled to this data. Please upgrade your plan at https://polygon.io/pricing")
}
