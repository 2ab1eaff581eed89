import Testing
import TestSupport

@testable import HTTP

/// Requests that are in order, with what the parser must find in them.
private let valid: [(raw: String, method: Method, path: String, query: String?, fields: Int, minor: UInt8, keeps: Bool)] = [
    ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", .get, "/", nil, 1, 1, true),
    ("\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n", .get, "/x", nil, 1, 1, true),
    ("GET /a/b?c=d&e HTTP/1.1\r\nhost:a:80\r\nX-One:\t two words \r\n\r\n", .get, "/a/b", "c=d&e", 2, 1, true),
    ("HEAD /%41 HTTP/1.1\r\nHost: [::1]:8080\r\nConnection: close\r\n\r\n", .head, "/%41", nil, 2, 1, false),
    ("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: x, Close\r\n\r\n", .post, "/p", nil, 3, 1, false),
    ("POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n", .post, "/p", nil, 2, 1, true),
    ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", .options, "", nil, 1, 1, true),
    ("GET http://h.example:81/z?q HTTP/1.1\r\nHost: other\r\n\r\n", .get, "/z", "q", 1, 1, true),
    ("GET https://h.example HTTP/1.1\r\nHost: other\r\n\r\n", .get, "", nil, 1, 1, true),
    ("GET / HTTP/1.0\r\n\r\n", .get, "/", nil, 0, 0, false),
    ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", .get, "/", nil, 1, 0, true),
    ("BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n", .unknown, "/pot", nil, 1, 1, true),
    ("GET / HTTP/1.1\r\nHost: a\r\nX-Latin: \u{E9}\r\nEmpty:\r\n\r\n", .get, "/", nil, 3, 1, true),
]

/// Feeds `bytes` in the given pieces, each time with all that came so far.
private func parse(_ bytes: [UInt8], cuts: [Int]) -> (outcome: HeadParser.Outcome, head: Head) {
    var parser = HeadParser(limits: .standard)
    for end in cuts + [bytes.count] {
        let outcome = bytes[..<end].withUnsafeBufferPointer { parser.parse($0) }
        if outcome != .needMore { return (outcome, parser.head) }
    }
    return (.needMore, parser.head)
}

@Suite struct HeadParserTests {
    @Test(arguments: valid.indices)
    func findsWhatIsThere(_ index: Int) {
        let expected = valid[index]
        let bytes = Array(expected.raw.utf8)
        let (outcome, head) = parse(bytes, cuts: [])
        #expect(outcome == .complete(bytes.count))
        #expect(head.method == expected.method)
        #expect(String(decoding: bytes[head.path], as: UTF8.self) == expected.path)
        #expect(head.query.map { String(decoding: bytes[$0], as: UTF8.self) } == expected.query)
        #expect(head.fields.count == expected.fields)
        #expect(head.minor == expected.minor)
        #expect(head.keepsAlive == expected.keeps)
    }

    @Test(arguments: valid.indices)
    func everySplitGivesTheSame(_ index: Int) {
        let bytes = Array(valid[index].raw.utf8) + Array("GET /next".utf8)
        let whole = parse(bytes, cuts: [])
        for cut in 0..<bytes.count {
            let split = parse(bytes, cuts: [cut])
            #expect(split.outcome == whole.outcome && split.head == whole.head, "cut at \(cut)")
        }
        let dripped = parse(bytes, cuts: Array(0..<bytes.count))
        #expect(dripped.outcome == whole.outcome && dripped.head == whole.head)
    }

    /// Eight bytes at a time find what one at a time would: every byte at every place of two words and a rest.
    @Test func aRunOfBytesEndsWhereTheGrammarSays() {
        func plain(_ byte: UInt8) -> Bool { Grammar.isQuery(byte) && byte != UInt8(ascii: "%") }
        for place in 0..<19 {
            for byte in UInt8.min ... .max {
                for after in [UInt8(ascii: "a"), 0x21, 0x7E, 0x20, 0x7F, 0x80, 0xFF] {
                    var bytes = [UInt8](repeating: UInt8(ascii: "x"), count: 19)
                    bytes[place] = byte
                    if place < 18 { bytes[place + 1] = after }
                    let visible = bytes.firstIndex { !($0 > 0x20 && $0 < 0x7F) } ?? 19
                    #expect(bytes.withUnsafeBufferPointer(Grammar.visible) == visible)
                    #expect(bytes.withUnsafeBufferPointer(Grammar.plainQuery) == bytes.firstIndex { !plain($0) } ?? 19)
                }
            }
        }
    }

    @Test func hostOfAnAbsoluteTargetComesFirst() {
        let bytes = Array("GET http://h.example:81/z HTTP/1.1\r\nHost: other\r\n\r\n".utf8)
        let head = parse(bytes, cuts: []).head
        #expect(String(decoding: bytes[head.host], as: UTF8.self) == "h.example:81")
    }

    @Test(arguments: [
        // Request line.
        ("GET /\r\n\r\n", 400), ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
        ("GET /\tHTTP/1.1\r\nHost: a\r\n\r\n", 400), (" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / http/1.1\r\nHost: a\r\n\r\n", 400), ("GET / HTTP/1.1x\r\nHost: a\r\n\r\n", 400), ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        ("GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505), ("GET / HTTP/0.9\r\n\r\n", 505), ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("\u{16}\u{3}\u{1}", 400), ("{", 400), ("\u{0}", 400), ("GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        ("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET http://u@h/ HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /\\a HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET /é HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /% HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET /%4 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET /a%2fb HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /?a=%0 HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET /?a=%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        // Fields.
        ("GET / HTTP/1.1\nHost: a\n\n", 400), ("GET / HTTP/1.1\r\nHost: a\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nNoColon\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\n: v\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nX[]: v\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\u{0}b\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nX: a\u{7F}b\r\n\r\n", 400),
        // Host.
        ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a:123456\r\n\r\n", 400),
        ("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        // Framing.
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n", 400), ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5 5\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n", 400),
        ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\u{B}\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", 417),
    ] as [(String, Int)])
    func refuses(_ raw: String, _ status: Int) {
        let bytes = Array(raw.utf8)
        for cuts in [[], Array(0..<bytes.count)] {
            switch parse(bytes, cuts: cuts).outcome {
            case .bad(let refusal): #expect(refusal.status == status, "\(refusal.detail)")
            case .needMore: Issue.record("waits for more: \(raw.debugDescription)")
            case .complete: Issue.record("was taken: \(raw.debugDescription)")
            }
        }
    }

    @Test func limitsAreExact() {
        let line = { (count: Int) in "GET /" + String(repeating: "a", count: count - 14) + " HTTP/1.1" }
        #expect(status(line(8192) + "\r\nHost: a\r\n\r\n") == nil)
        #expect(status(line(8193) + "\r\nHost: a\r\n\r\n") == 414)
        #expect(status(String(repeating: "G", count: 8193)) == 414)
        let fields = { (count: Int) in "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "x: y\r\n", count: count - 1) + "\r\n" }
        #expect(status(fields(100)) == nil)
        #expect(status(fields(101)) == 431)
        #expect(status("GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "x", count: 33_000) + "\r\n\r\n") == 431)
        #expect(status("GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "x", count: 33_000)) == 431)
    }

    private func status(_ raw: String) -> Int? {
        if case .bad(let refusal) = parse(Array(raw.utf8), cuts: []).outcome { refusal.status } else { nil }
    }

    /// Byte by byte, nothing may ever trap, and a head that is taken is taken however it was cut.
    @Test func mutatedHeadsNeverDependOnTheCut() {
        var random = Seeded(0x6A70_1E55, isTold: false)
        for round in 0..<4000 {
            var bytes = Array(valid[Int(random.next() % UInt64(valid.count))].raw.utf8)
            for _ in 0..<(1 + random.next() % 4) {
                let place = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 3 {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.insert([0x0D, 0x0A, 0x20, 0x3A, 0x2C][Int(random.next() % 5)], at: place)
                default: if bytes.count > 1 { bytes.remove(at: place) }
                }
            }
            let whole = parse(bytes, cuts: [])
            let dripped = parse(bytes, cuts: Array(0..<bytes.count))
            if case .complete = whole.outcome {
                #expect(dripped.outcome == whole.outcome && dripped.head == whole.head, "seed 6A701E55, round \(round)")
            }
            if case .complete = dripped.outcome { #expect(whole.outcome == dripped.outcome, "seed 6A701E55, round \(round)") }
        }
    }
}
