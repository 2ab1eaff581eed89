@testable import HTTP

/// Every bound at N, where it is taken, and at N + 1, where it is not. Smaller bounds than the standard ones, so that each case may be
/// split at every byte.
enum RawCasesLimits {
    private static func a(_ count: Int) -> String { String(repeating: "a", count: count) }

    private static let small: Limits = {
        var limits = Limits.standard
        limits.requestLine = 60
        limits.head = 200
        limits.fields = 5
        limits.body = 20
        limits.chunkExtension = 10
        limits.chunkExtensions = 25
        limits.trailers = 30
        return limits
    }()

    private static let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

    static let all = [
        RawFamily("request line", "GET /", " HTTP/1.1\r\nHost: a\r\n\r\n", limits: small, [
            ("N", a(46), "GET /" + a(46)), ("N + 1", a(47), "414"), ("far beyond", a(300), "414"),
            ("N with a query", "?" + a(45), "GET /?" + a(45)), ("N + 1 with a query", "?" + a(46), "414"),
        ]),
        RawFamily("request line that does not end", "", "", limits: small, [
            ("no request first, then too long", " " + a(100), "400"), ("N", a(60), "..."), ("N + 1", a(61), "414"),
            ("a line feed alone behind N", a(60) + "\n", "400"), ("a line feed alone behind N + 1", a(61) + "\n", "414"),
            ("method of N + 1", a(61) + " / HTTP/1.1\r\n", "414"), ("behind an empty line", "\r\n" + a(61), "414"),
        ]),
        // Lines with their ends, up to the empty line.
        RawFamily("head", "GET / HTTP/1.1\r\nHost: a\r\nX: ", "", limits: small, [
            ("N", a(170) + "\r\n\r\n", "GET /"), ("N + 1", a(171) + "\r\n\r\n", "431"), ("without an end", a(180), "431"),
            ("unfinished below N", a(100), "..."), ("a line feed alone far beyond", a(200) + "\n\r\n", "431"),
            ("a line feed alone below N", a(100) + "\n\r\n", "400"),
            ("a body does not count", a(20) + "\r\nContent-Length: 20\r\n\r\n" + a(20), "GET /=" + a(20)),
        ]),
        RawFamily("fields", "GET / HTTP/1.1\r\nHost: a\r\n", "\r\n", limits: small, [
            ("N", "a: b\r\na: b\r\na: b\r\na: b\r\n", "GET /"), ("N + 1", "a: b\r\na: b\r\na: b\r\na: b\r\na: b\r\n", "431"),
            ("N + 1 malformed is too many first", "a: b\r\na: b\r\na: b\r\na: b\r\n:\r\n", "431"),
        ]),
        RawFamily("body by length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ", "", limits: small, [
            ("N", "20\r\n\r\n" + a(20), "POST /=" + a(20)), ("N + 1", "21\r\n\r\n" + a(21), "413"),
            ("N + 1 before it comes", "21\r\n\r\n", "413"),
        ]),
        RawFamily("body in chunks", chunked, "", limits: small, [
            ("N", "14\r\n" + a(20) + "\r\n0\r\n\r\n", "POST /=" + a(20)), ("N + 1", "15\r\n" + a(21) + "\r\n0\r\n\r\n", "413"),
            ("N + 1 before it comes", "15\r\n", "413"),
            ("N in two", "a\r\n" + a(10) + "\r\na\r\n" + a(10) + "\r\n0\r\n\r\n", "POST /=" + a(20)),
            ("N + 1 in two", "a\r\n" + a(10) + "\r\nb\r\n", "413"),
        ]),
        RawFamily("extension", chunked, "\r\na\r\n0\r\n\r\n", limits: small, [
            ("N", "1;" + a(10), "POST /=a"), ("N + 1", "1;" + a(11), "400"),
            ("all N", "1;" + a(10) + "\r\na\r\n1;" + a(10) + "\r\na\r\n1;" + a(5), "POST /=aaa"),
            ("all N + 1", "1;" + a(10) + "\r\na\r\n1;" + a(10) + "\r\na\r\n1;" + a(6), "400"),
        ]),
        // The bound counts the trailer section's own end, too.
        RawFamily("trailers", chunked + "0\r\n", "", limits: small, [
            ("N", "T: " + a(24) + "\r\n\r\n", "POST /"), ("N + 1", "T: " + a(25) + "\r\n\r\n", "431"),
            ("many", "a:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\n\r\n", "431"),
        ]),
    ]
}
