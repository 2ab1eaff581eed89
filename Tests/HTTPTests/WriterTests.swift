import Testing

@testable import HTTP

@Suite struct WriterTests {
    @Test(arguments: [
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
    ])
    func datesAreThoseOfTheCalendar(_ second: Int, _ text: String) {
        #expect(String(decoding: DateLine.line(second), as: UTF8.self) == "Date: \(text)\r\n")
    }

    @Test(arguments: ["a\r\nB: c", "a\nb", "a\rb", "a\0b", "a\u{7F}"])
    func aValueCannotEndItsLine(_ value: String) {
        var lines = HeaderLines()
        lines.add("X", value)
        #expect(lines.isRefused && lines.isEmpty)
        let stored = Prebuilt(fields: lines, body: [1, 2, 3])
        #expect(stored.status == 500 && stored.body.isEmpty)
    }

    @Test(arguments: ["", "a b", "a:", "a\r\n", "é", "(x)"])
    func aNameIsAToken(_ name: String) {
        var lines = HeaderLines()
        lines.add(name, "v")
        #expect(lines.isRefused && lines.isEmpty)
    }

    @Test func fieldsAreFoundWhateverTheirCase() {
        let lines = HeaderLines(["Content-Type": "a", "X-Two": "b: c"])
        #expect(lines["content-type"] == "a" && lines["x-TWO"] == "b: c" && lines["X"] == nil)
    }

    @Test(arguments: [(0, "0"), (7, "7"), (10, "10"), (-305, "-305"), (Int.max, "9223372036854775807"), (Int.min, "-9223372036854775808")])
    func numbersAreDecimal(_ value: Int, _ text: String) {
        var bytes: [UInt8] = []
        bytes.appendDecimal(value)
        #expect(String(decoding: bytes, as: UTF8.self) == text)
    }

    @Test func aProblemIsOneJSONObject() {
        var problem = Problem(
            "unknown-parameter", title: "Unknown parameter", status: 400, detail: "a \"b\" \\ \n\u{1}é", instance: "/v1/x",
            errors: [.init(.parameter("form"), "Did you mean from?"), .init(.pointer("/from"), "No date.")])
        #expect(String(decoding: problem.encoded(), as: UTF8.self) == """
            {"type":"/problems/unknown-parameter","title":"Unknown parameter","status":400,\
            "detail":"a \\"b\\" \\\\ \\n\\u0001é","instance":"/v1/x",\
            "errors":[{"parameter":"form","detail":"Did you mean from?"},{"pointer":"/from","detail":"No date."}]}
            """)
        problem.fields.append(("Retry-After", "3"))
        let response = problem.response()
        #expect(response.status == 400 && response.fields["retry-after"] == "3")
        #expect(response.fields["content-type"] == "application/problem+json")
        #expect(Problem(status: 413).slug == "content-too-large")
    }

    /// Any cut of a chunked body decodes to the same bytes and takes the same bytes of the connection.
    @Test func chunksMayBeCutAnywhere() {
        let raw = Array("5\r\nhello\r\nA;n=v;q=\"x y\"\r\n0123456789\r\n000\r\nT: v\r\nU:\r\n\r\nGET /".utf8)
        for cut in 0...raw.count {
            var decoder = ChunkDecoder(limits: .standard, limit: 100)
            var body: [UInt8] = []
            var taken = 0
            var outcome = ChunkDecoder.Outcome.needMore
            for piece in [raw[..<cut], raw[cut...]] where outcome == .needMore {
                let step = piece.withUnsafeBufferPointer { decoder.decode($0, into: &body) }
                taken += step.taken
                outcome = step.outcome
            }
            #expect(outcome == .complete && body == Array("hello0123456789".utf8) && taken == raw.count - 5, "cut at \(cut)")
        }
    }

    @Test func everyRouteIsInTheTableOnce() {
        let router = Router()
        func answer(_ request: Request) async -> Response { .text("") }
        router.get("/b/{x}", answer)
        router.post("/a", bodyLimit: 7, answer)
        router.get("/a", answer)
        #expect(router.routes.map(\.pattern) == ["/a", "/a", "/b/{x}"])
        #expect(router.routes.map(\.method) == [.get, .post, .get])
        #expect(router.routes.map(\.bodyLimit) == [nil, 7, nil])
    }
}
