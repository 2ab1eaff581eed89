internal import Bytes

/// Sends a question where it belongs: to the imitated service, logging it, or to the side channels under `/_sandbox`.
/// Not `Sendable`: lives on the sandbox's loop.
final class Desk {
    let service: Operator
    private(set) var log = CallLog()

    init(_ configuration: Sandbox.Configuration) throws { service = try Operator(configuration) }

    func answer(_ method: String, _ question: Question, body: [UInt8] = []) -> Answer {
        if question.path == "/_sandbox" || question.path.hasPrefix("/_sandbox/") { return aside(method, question, body) }
        let answer = method == "GET" ? service.answer(question) : .plain(404, "No Mapping Rule matched")
        log.add(CallLog.Call(
            time: service.clock.now, path: question.path, query: question.shown, status: answer.status, rows: answer.rows))
        return answer
    }

    /// Milliseconds that the service takes to answer; the side channels are quick.
    func delay(of question: Question) -> Int { question.path.hasPrefix("/_sandbox") ? 0 : service.faults.latencyMs }

    private func aside(_ method: String, _ question: Question, _ body: [UInt8]) -> Answer {
        switch (method, question.path) {
        case ("GET", "/_sandbox"): return Answer(status: 200, body: state)
        case ("GET", "/_sandbox/faults"): return Answer(status: 200, body: service.faults.json)
        case ("PUT", "/_sandbox/faults"):
            do throws(Sandbox.Faults.Refused) {
                try service.faults.change(by: body)
                return Answer(status: 200, body: service.faults.json)
            } catch {
                return .plain(400, error.description)
            }
        case ("DELETE", "/_sandbox/faults"):
            service.faults = service.configuration.faults
            return Answer(status: 200, body: service.faults.json)
        case ("GET", "/_sandbox/calls"): return Answer(status: 200, body: log.json)
        case ("DELETE", "/_sandbox/calls"):
            log.clear()
            return Answer(status: 200, body: log.json)
        case ("GET", "/_sandbox/truth"): return truth(question)
        default: return .plain(404, "no such side channel")
        }
    }

    private var state: [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("now")
        json.timestamp(service.clock.now)
        json.key("seed")
        json.int(Int64(bitPattern: service.configuration.seed))
        json.key("note")
        if let note = service.market.note { json.string(note) } else { json.null() }
        json.key("nodes")
        json.beginArray()
        for bus in service.market.buses { json.string(bus.node) }
        json.endArray()
        json.endObject()
        return json.bytes
    }

    private func truth(_ question: Question) -> Answer {
        guard let from = question["from"].flatMap(instant), let to = question["to"].flatMap(instant), from <= to else {
            return .plain(400, "from and to are required: a local day, seconds since 1970, or RFC 3339 with an offset")
        }
        let lines = Double(question["node"] == nil ? service.market.buses.count : 1) * Double(to - from) / 900
        if lines > 3_000_000 { return .plain(400, "that would be more than 3,000,000 lines") }
        guard let text = service.truth(node: question["node"], from: from, to: to) else { return .plain(404, "no such node") }
        return Answer(status: 200, type: "application/x-ndjson", body: text)
    }

    private func instant(_ text: String) -> Int64? {
        if let date = LocalDate(text) { return service.zone.start(of: date) }
        return Int64(text) ?? (try? Timestamp.parse(text))
    }
}
