import Testing

@testable import Upstream

@Suite struct RequestTests {
    @Test func bases() {
        #expect(Base("https://api.example.com/v1/")?.description == "https://api.example.com/v1")
        #expect(Base("HTTP://127.0.0.1:80")?.scheme == "http")
        #expect(Base("https://[::1]:8443/x")?.host == "[::1]")
        for text in [
            "", "api.example.com", "ftp://x", "https://", "https://user:pw@host", "https://host?x=1", "https://host#f", "https://:80",
        ] {
            #expect(Base(text) == nil, "\(text)")
        }
    }

    @Test func linksStayAtHome() throws {
        let base = try #require(Base("https://api.example.com/v2"))
        let next = try #require(Fetch(following: "https://api.example.com/v2/aggs/A%20B?cursor=YWI%3D&x", within: base))
        #expect(next.path == "/aggs/A B")
        #expect(next.url == "https://api.example.com/v2/aggs/A%20B?cursor=YWI%3D&x")
        for link in [
            "https://evil.example.com/v2/x", "http://api.example.com/v2/x", "https://api.example.com.evil.com/v2/x",
            "https://api.example.com:8443/v2/x", "https://api.example.com@evil.com/v2/x", "/v2/x", "https://api.example.com/v1/x",
            "https://api.example.com/v2/a b",
        ] {
            #expect(Fetch(following: link, within: base) == nil, "\(link)")
        }
    }

    @Test func percentCodingGoesThereAndBack() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = Steps(state: seed)
        for _ in 0..<300 {
            let scalars = (0..<Int.random(in: 0...12, using: &generator)).compactMap { _ in
                Unicode.Scalar(UInt32.random(in: 1...0x10_FFFF, using: &generator))
            }
            let text = String(String.UnicodeScalarView(scalars))
            let encoded = percentEncoded(text)
            #expect(encoded.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
            #expect(percentDecoded(encoded[...]) == text, "seed \(seed)")
        }
        #expect(percentDecoded("%4") == nil && percentDecoded("%zz") == nil && percentDecoded("%ff") == nil)
    }

    @Test(arguments: [
        ("120", 120), (" 0 ", 0), ("99999999999999999999999999", 86_400), ("86400", 86_400), ("007", 7),
        ("Sun, 06 Nov 1994 08:49:47 GMT", 10), ("Sunday, 06-Nov-94 08:49:47 GMT", 10), ("Sun Nov  6 08:49:47 1994", 10),
        ("Sun, 06 Nov 1994 08:49:36 GMT", 0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400),
    ] as [(String, Int64)])
    func retryAfter(_ text: String, _ seconds: Int64) {
        // 784111777 is Sun, 06 Nov 1994 08:49:37 GMT (RFC 9110, section 5.6.7).
        #expect(RetryAfter.seconds(text, now: 784_111_777) == seconds)
    }

    @Test(arguments: ["", "soon", "-5", "1.5", "1e3", "12 s", "Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nov 194 08:49:37 GMT", "٣"])
    func retryAfterOfGarbage(_ text: String) {
        #expect(RetryAfter.seconds(text, now: 784_111_777) == nil)
    }
}

/// Marsaglia's xorshift64 with a multiplier: enough for a property test that can be run again from its seed.
private struct Steps: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state == 0 ? 1 : state
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 2_685_821_657_736_338_717
    }
}
