internal import Bytes
internal import EventLoop

/// Sends a question where it belongs: to the imitated service, logging it, or to the side channels under `/_sandbox`.
/// Not `Sendable`: lives on the sandbox's loop.
final class Desk {
    let service: Operator
    let kraken: KrakenService
    let metrics: MetricsService
    let polygon: PolygonService
    let keepa: KeepaService
    private(set) var log = CallLog()

    /// When the last minute's calls came, in milliseconds of real time.
    private var recent = Quota(window: 60_000)

    init(_ configuration: Sandbox.Configuration) throws {
        var configuration = configuration
        // Which of the upstreams a folder of recordings is of is told by what lies in it.
        if let directory = configuration.recording, !RecordedEquities.paths(directory).isEmpty {
            configuration.polygon.recording = directory
            if !Recording.isThere(directory) { configuration.recording = nil }
        }
        service = try Operator(configuration)
        polygon = try PolygonService(configuration, clock: service.clock)
        kraken = KrakenService(configuration, clock: service.clock)
        metrics = MetricsService(configuration, clock: service.clock)
        keepa = KeepaService(configuration, clock: service.clock)
    }

    /// Whose path it is.
    static func upstream(_ path: String) -> CallLog.Upstream {
        if path.hasPrefix("/0/") { return .kraken }
        if KeepaService.isOurs(path) { return .keepa }
        if PolygonPath.isOurs(path) { return .polygon }
        return path.hasPrefix("/v2/") ? .metrics : .sip
    }

    static func isAside(_ path: String) -> Bool { path == "/_sandbox" || path.hasPrefix("/_sandbox/") }

    func answer(_ method: String, _ question: Question, body: [UInt8] = [], isOneTooMany: Bool = false) -> Answer {
        if Desk.isAside(question.path) { return aside(method, question, body) }
        let upstream = Desk.upstream(question.path)
        let answer = switch (upstream, method) {
        case (.kraken, _): kraken.answer(question)
        case (.metrics, _): metrics.answer(method, question)
        case (.polygon, _): polygon.answer(method, question)
        case (.keepa, _): keepa.answer(method, question)
        case (.sip, "GET"): service.answer(question, isOneTooMany: isOneTooMany)
        case (.sip, _): Answer.plain(404, "No Mapping Rule matched")
        }
        log.add(CallLog.Call(
            time: service.clock.now, key: answer.key, path: question.path, query: question.shown,
            status: answer.isBroken ? 0 : answer.status,
            rows: answer.rows, spoiled: answer.spoiled, upstream: upstream,
            tokens: answer.tokens))
        return answer
    }

    /// A request of the imitated service begins; true where it is one too many of those being answered.
    func begin(_ path: String) -> Bool {
        log.atOnce += 1
        if Desk.upstream(path) != .sip { return false }
        _ = recent.take(0, now: Int64(Deadline.now.nanoseconds / 1_000_000))
        return service.faults.parallelLimit.map { log.atOnce > $0 } ?? false
    }

    func end() { log.atOnce -= 1 }

    /// Milliseconds that pass before anything is answered.
    func delay(_ path: String) -> Int {
        switch Desk.upstream(path) {
        case .kraken: return kraken.faults.latencyMs
        case .metrics: return metrics.faults.latencyMs
        case .polygon: return polygon.faults.latencyMs
        case .keepa: return keepa.faults.latencyMs
        case .sip: return service.faults.latencyMs + min(10_000, service.faults.latencyPerRecentCallMs * (recent.count - 1))
        }
    }

    /// Milliseconds that so many rows take.
    func delay(rows: Int, _ path: String) -> Int {
        Desk.upstream(path) == .sip ? service.faults.latencyPerThousandRowsMs * rows / 1000 : 0
    }

    private func aside(_ method: String, _ question: Question, _ body: [UInt8]) -> Answer {
        switch (method, question.path) {
        case ("GET", "/_sandbox"): return Answer(status: 200, body: state)
        case ("GET", "/_sandbox/faults"): return Answer(status: 200, body: service.faults.json)
        case ("PUT", "/_sandbox/faults"):
            do throws(Sandbox.Faults.Refused) {
                try service.faults.change(by: body)
                handOnFaults()
                return Answer(status: 200, body: service.faults.json)
            } catch {
                return .plain(400, error.description)
            }
        case ("DELETE", "/_sandbox/faults"):
            service.faults = service.configuration.faults
            handOnFaults()
            return Answer(status: 200, body: service.faults.json)
        case ("GET", "/_sandbox/calls"):
            guard let since = Int(question["since"] ?? "0") else { return .plain(400, "since is the number of a call") }
            return Answer(status: 200, body: log.json(since: since))
        case ("DELETE", "/_sandbox/calls"):
            log.clear()
            return Answer(status: 200, body: log.json(since: 0))
        case ("GET", "/_sandbox/truth"):
            switch question["dataset"] {
            case "kraken": return kraken.truth(question)
            case "accounts": return metrics.truth(question)
            case "equities": return polygon.truth(question)
            case "keepa": return keepa.truth(question)
            default: return truth(question)
            }
        default: return keepa.aside(method, question, body)
        }
    }

    private func handOnFaults() {
        kraken.faults = service.faults.kraken
        metrics.faults = service.faults.metrics
        polygon.faults = service.faults.polygon
        keepa.faults = service.faults.keepa
    }

    private var state: [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("now")
        json.timestamp(service.clock.now)
        json.key("seed")
        json.int(Int64(bitPattern: service.configuration.seed))
        json.key("note")
        if let note = service.market.note(.online) { json.string(note) } else { json.null() }
        json.key("nodes")
        json.beginArray()
        for bus in service.market.buses { json.string(bus.node) }
        json.endArray()
        json.key("programmes")
        json.beginArray()
        for bus in service.programmes.buses {
            json.beginObject()
            json.member("llave_cmg") { $0.string(bus.key) }
            json.member("nmb_barra_info") { $0.string(bus.info) }
            json.member("node") { json in
                if let node = bus.node { json.string(node) } else { json.null() }
            }
            json.endObject()
        }
        json.endArray()
        json.member("pairs") { $0.strings(kraken.market.pairs.map(\.name)) }
        json.member("tickers") { $0.int(polygon.book.tickers.count) }
        json.member("accounts") { $0.int(metrics.books.accounts.count) }
        json.endObject()
        return json.bytes
    }

    private func truth(_ question: Question) -> Answer {
        guard let from = question["from"].flatMap(instant), let to = question["to"].flatMap(instant), from <= to else {
            return .plain(400, "from and to are required: a local day, seconds since 1970, or RFC 3339 with an offset")
        }
        guard let source = Source(rawValue: question["source"] ?? "online") else {
            return .plain(400, "source is real, online, pid or pcp")
        }
        let (node, everyIssue) = (question["node"], question["all"] == "issues")
        let buses = node != nil ? 1 : source.isProgramme ? service.programmes.buses.count : service.market.buses.count
        if Double(buses) * Double(to - from) / 900 > 3_000_000 { return .plain(400, "that would be more than 3,000,000 lines") }
        let text = source.isProgramme
            ? service.truth(programme: source, node: node, from: from, to: to, everyIssue: everyIssue)
            : service.truth(source, node: node, from: from, to: to)
        guard let text else { return .plain(404, "no such node") }
        return Answer(status: 200, type: "application/x-ndjson", body: text)
    }

    private func instant(_ text: String) -> Int64? {
        if let date = LocalDate(text) { return service.zone.start(of: date) }
        return Int64(text) ?? (try? Timestamp.parse(text))
    }
}
