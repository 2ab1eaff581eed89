@testable import HTTP

/// F-8: whatever names and values somebody writes, the answer parses to one answer with its own body. Fields are lines of the input,
/// name and value at the first 0xFF.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard let data, count > 0 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    var response = Response.text("body", status: bytes[0] & 1 == 0 ? 200 : 404)
    for field in bytes.dropFirst().split(separator: 0xFE, maxSplits: 8) {
        let halves = field.split(separator: 0xFF, maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(decoding: halves[0], as: UTF8.self)
        // The framing is the connection's to write, as its type says; a handler of ours that names it is a bug elsewhere.
        if ["content-length", "transfer-encoding"].contains(name.lowercased()) { continue }
        response.fields.add(name, halves.count > 1 ? String(decoding: halves[1], as: UTF8.self) : "")
    }
    if response.fields.isRefused { response = Problem(status: 500, detail: "The answer could not be written.").response() }
    guard case .bytes(let body) = response.body else { return 0 }
    var out: [UInt8] = []
    HeadWriter.appendStart(response, to: &out)
    HeadWriter.appendLength(body.count, to: &out)
    HeadWriter.appendEnd(ConnectionFacts(peer: "", seed: 0), serial: 1, date: DateLine(), to: &out)
    out += body
    check(out, response.status, body)

    var problem = Problem(status: 400, detail: String(decoding: bytes, as: UTF8.self))
    problem.instance = String(decoding: bytes.reversed(), as: UTF8.self)
    let stored = Prebuilt(status: 200, fields: response.fields, body: problem.encoded())
    out = stored.head
    HeadWriter.appendEnd(ConnectionFacts(peer: "", seed: 0), serial: 2, date: DateLine(), to: &out)
    out += stored.body
    check(out, stored.status, stored.body)
    return 0
}

private func check(_ message: [UInt8], _ status: Int, _ body: [UInt8]) {
    do {
        guard let answer = try AnswerParser.parse(message, method: "GET", ended: false) else { preconditionFailure("no whole answer") }
        precondition(answer.status == status && answer.body == body, "another answer")
        let heads = message.count - body.count
        precondition(message[..<heads].suffix(4) == [13, 10, 13, 10], "no end of the head")
        for i in 0..<heads where message[i] == 10 { precondition(i > 0 && message[i - 1] == 13, "a bare line feed") }
        for i in 0..<heads where message[i] == 13 { precondition(i + 1 < heads && message[i + 1] == 10, "a bare carriage return") }
        precondition(answer.headers.filter { $0.name == "X-Request-Id" }.count <= 2, "an id was forged")
    } catch {
        preconditionFailure("no answer")
    }
}
