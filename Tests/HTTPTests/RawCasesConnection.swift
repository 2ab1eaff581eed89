/// RFC 9112, section 9, and RFC 9110, sections 7.6.1 and 10.1.1: what becomes of the connection.
enum RawCasesConnection {
    private static let next = "GET /n HTTP/1.1\r\nHost: a\r\n\r\n"

    private static func post(_ path: String, _ body: String) -> String {
        "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private static func chunks(_ path: String, _ body: String) -> String {
        "POST \(path) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(body)0\r\n\r\n"
    }

    static let all = [
        RawFamily("Connection of HTTP/1.1", "GET / HTTP/1.1\r\nHost: a\r\n", "\r\n\r\n\(next)", [
            ("none keeps", "X: y", "GET / | GET /n"), ("close", "Connection: close", "GET / !"), ("case", "cOnNeCtIoN: ClOsE", "GET / !"),
            ("keep-alive", "Connection: keep-alive", "GET / | GET /n"), ("close in a list", "Connection: x, close", "GET / !"),
            ("close first", "Connection: close, x", "GET / !"), ("close wins", "Connection: keep-alive, close", "GET / !"),
            ("close wins over two fields", "Connection: close\r\nConnection: keep-alive", "GET / !"),
            ("empty elements", "Connection: ,, close ,", "GET / !"), ("empty", "Connection:", "GET / | GET /n"),
            ("close is a whole word", "Connection: closed", "GET / | GET /n"),
            ("not in quotes", "Connection: \"close\"", "GET / | GET /n"),
            ("not behind a semicolon", "Connection: x;close", "GET / | GET /n"), ("tabs", "Connection:\tx\t,\tclose\t", "GET / !"),
            ("Proxy-Connection is not ours", "Proxy-Connection: close", "GET / | GET /n"),
            ("Keep-Alive is not ours", "Keep-Alive: timeout=0", "GET / | GET /n"),
            ("upgrade is not followed", "Connection: upgrade\r\nUpgrade: websocket", "GET / | GET /n"),
        ]),
        RawFamily("Connection of HTTP/1.0", "GET / HTTP/1.0\r\n", "\r\n\r\n\(next)", [
            ("none closes", "X: y", "GET / !"), ("keep-alive keeps", "Connection: keep-alive", "GET / | GET /n"),
            ("case", "connection: Keep-Alive", "GET / | GET /n"), ("close wins", "Connection: keep-alive, close", "GET / !"),
            ("close", "Connection: close", "GET / !"), ("something else", "Connection: x", "GET / !"),
        ]),
        RawFamily("Expect", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n", "\r\n\r\nok\(next)", [
            ("100-continue", "Expect: 100-continue", "POST /=ok | GET /n"), ("case", "eXPECT: 100-Continue", "POST /=ok | GET /n"),
            ("twice", "Expect: 100-continue\r\nExpect: 100-continue", "POST /=ok | GET /n"), ("something else", "Expect: 200-ok", "417"),
            ("empty", "Expect:", "417"), ("a list", "Expect: 100-continue, x", "417"), ("a parameter", "Expect: 100-continue;q=1", "417"),
            ("a prefix", "Expect: 100", "417"),
        ]),
        RawFamily("Expect elsewhere", "", "\r\n\r\n", [
            ("without a body", "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue", "GET /"),
            ("of HTTP/1.0 is ignored", "GET / HTTP/1.0\r\nExpect: 100-continue", "GET / !"),
        ]),
        RawFamily("pipelining", "", "", [
            ("two", "\(next)\(next)", "GET /n | GET /n"),
            ("three with bodies", post("/a", "x") + post("/b", "y") + next, "POST /a=x | POST /b=y | GET /n"),
            ("by length, then in chunks", post("/a", "x") + chunks("/b", "1\r\ny\r\n") + next, "POST /a=x | POST /b=y | GET /n"),
            ("an empty line between", "\(next)\r\n\(next)", "GET /n | GET /n"),
            ("two empty lines between (stricter)", "\(next)\r\n\r\n\(next)", "GET /n | 400"),
            ("a bad one ends it", "\(next)BAD\r\n\r\n\(next)", "GET /n | 400"),
            ("a bad one without Host ends it", "\(next)GET / HTTP/1.1\r\n\r\n\(next)", "GET /n | 400"),
            ("behind close nothing is read", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n\(next)\(next)", "GET / !"),
            ("behind close not even a bad one", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nBAD\r\n\r\n", "GET / !"),
            ("the second unfinished", "\(next)GET /x HT", "GET /n | ..."),
            ("the second without a body yet", "\(next)POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", "GET /n | ..."),
            ("HTTP/1.0 after 1.1 closes", "\(next)GET /o HTTP/1.0\r\n\r\n\(next)", "GET /n | GET /o !"),
            ("fields do not leak to the next", "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\nGET / HTTP/1.1\r\n\r\n", "GET / | 400"),
            ("a length does not leak", post("/", "x") + "POST / HTTP/1.1\r\nHost: a\r\n\r\n" + next, "POST /=x | POST / | GET /n"),
            ("a coding does not leak", chunks("/", "") + post("/", "y") + next, "POST / | POST /=y | GET /n"),
        ]),
    ]
}
