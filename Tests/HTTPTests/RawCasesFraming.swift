/// RFC 9112, section 6: where a message ends. Two programs in a row that disagree on it are what smuggling needs.
enum RawCasesFraming {
    private static let post = "POST / HTTP/1.1\r\nHost: a\r\n"
    private static let next = "GET /n HTTP/1.1\r\nHost: a\r\n\r\n"
    private static let both = "GET /n"

    static let all = [
        RawFamily("Content-Length", post, "\r\n\r\nhello\(next)", [
            ("plain", "Content-Length: 5", "POST /=hello | \(both)"), ("case of the name", "cOnTeNt-LeNgTh: 5", "POST /=hello | \(both)"),
            ("no space", "Content-Length:5", "POST /=hello | \(both)"), ("spaces around", "Content-Length: \t 5 \t", "POST /=hello | \(both)"),
            ("leading zeros", "Content-Length: 005", "POST /=hello | \(both)"), ("plus", "Content-Length: +5", "400"), ("minus", "Content-Length: -5", "400"),
            ("minus zero", "Content-Length: -0", "400"), ("hex", "Content-Length: 0x5", "400"), ("hex digit", "Content-Length: a", "400"),
            ("fraction", "Content-Length: 5.0", "400"), ("exponent", "Content-Length: 5e0", "400"), ("underscore", "Content-Length: 0_5", "400"),
            ("empty", "Content-Length:", "400"), ("space", "Content-Length: 5 5", "400"), ("list of equals (stricter)", "Content-Length: 5, 5", "400"),
            ("list of others", "Content-Length: 5, 6", "400"), ("comma behind", "Content-Length: 5,", "400"), ("comma before", "Content-Length: ,5", "400"),
            ("semicolon", "Content-Length: 5;", "400"), ("quoted", "Content-Length: \"5\"", "400"), ("NUL", "Content-Length: 5\0", "400"),
            ("vertical tab", "Content-Length: \u{B}5", "400"), ("fullwidth digit", "Content-Length: ５", "400"), ("Arabic digit", "Content-Length: ٥", "400"),
            ("beyond 64 bits", "Content-Length: 18446744073709551621", "400"), ("beyond 63 bits", "Content-Length: 9223372036854775808", "400"),
            ("63 bits are too long", "Content-Length: 9223372036854775807", "413"), ("32 bits and 5 are too long", "Content-Length: 4294967301", "413"),
            ("word", "Content-Length: five", "400"), ("true", "Content-Length: true", "400"), ("infinity", "Content-Length: inf", "400"),
            ("twice the same (stricter)", "Content-Length: 5\r\nContent-Length: 5", "400"), ("twice, small first", "Content-Length: 0\r\nContent-Length: 5", "400"),
            ("twice, large first", "Content-Length: 5\r\nContent-Length: 0", "400"), ("twice in another case", "Content-Length: 5\r\ncontent-length: 5", "400"),
            ("first empty", "Content-Length:\r\nContent-Length: 5", "400"), ("carriage return", "Content-Length: \r5", "400"),
            ("line feed", "Content-Length: 0\nContent-Length: 5", "400"), ("fold", "Content-Length:\r\n 5", "400"),
            ("three", "Content-Length: 5\r\nX: y\r\nContent-Length: 5\r\nContent-Length: 5", "400"),
        ]),
        RawFamily("bodies by length", "", "", [
            ("none on POST means none", "\(post)\r\n\(next)", "POST / | \(both)"), ("zero", "\(post)Content-Length: 0\r\n\r\n\(next)", "POST / | \(both)"),
            ("on GET it is read", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\(next)", "GET /=abc | \(both)"),
            ("on HEAD it is read", "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\(next)", "HEAD /=abc | \(both)"),
            ("on DELETE it is read", "DELETE / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na\(next)", "DELETE /=a | \(both)"),
            ("HTTP/1.0", "POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nab", "POST /=ab !"), ("unfinished", "\(post)Content-Length: 3\r\n\r\nab", "..."),
            ("a request inside (CL.0)", "\(post)Content-Length: 35\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n\(next)",
             "POST /=GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n | \(both)"),
            ("unannounced body is the next request", "\(post)\r\nhello\r\n\(next)", "POST / | 400"),
            ("one byte more", "\(post)Content-Length: 4\r\n\r\nabcd\r\n\(next)", "POST /=abcd | \(both)"),
            ("two empty lines more (stricter)", "\(post)Content-Length: 1\r\n\r\na\r\n\r\n\(next)", "POST /=a | 400"),
        ]),
        RawFamily("Transfer-Encoding", post, "\r\n\r\n5\r\nhello\r\n0\r\n\r\n\(next)", [
            ("chunked", "Transfer-Encoding: chunked", "POST /=hello | \(both)"), ("case of both", "tRANSFER-eNCODING: cHuNkEd", "POST /=hello | \(both)"),
            ("tab before", "Transfer-Encoding:\tchunked", "POST /=hello | \(both)"), ("spaces behind", "Transfer-Encoding: chunked \t", "POST /=hello | \(both)"),
            ("no space", "Transfer-Encoding:chunked", "POST /=hello | \(both)"), ("empty", "Transfer-Encoding:", "400"),
            ("identity", "Transfer-Encoding: identity", "400"), ("xchunked", "Transfer-Encoding: xchunked", "400"), ("chunkedx", "Transfer-Encoding: chunkedx", "400"),
            ("chunk", "Transfer-Encoding: chunk", "400"), ("cow", "Transfer-Encoding: cow", "400"), ("quoted", "Transfer-Encoding: \"chunked\"", "400"),
            ("apostrophes", "Transfer-Encoding: 'chunked'", "400"), ("brackets", "Transfer-Encoding: [chunked]", "400"), ("parameter", "Transfer-Encoding: chunked;a=b", "400"),
            ("comma behind (stricter)", "Transfer-Encoding: chunked,", "400"), ("comma before (stricter)", "Transfer-Encoding: ,chunked", "400"),
            ("twice in one", "Transfer-Encoding: chunked, chunked", "400"), ("not last", "Transfer-Encoding: chunked, gzip", "400"),
            ("identity behind", "Transfer-Encoding: chunked, identity", "400"), ("gzip before is not implemented", "Transfer-Encoding: gzip, chunked", "501"),
            ("identity before is not implemented", "Transfer-Encoding: identity, chunked", "501"), ("gzip alone has no end", "Transfer-Encoding: gzip", "400"),
            ("two fields", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "400"), ("identity in a second", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "400"),
            ("identity in a first", "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", "400"), ("cow in a second", "Transfer-Encoding: chunked\r\nTransfer-encoding: cow", "400"),
            ("empty first", "Transfer-Encoding:\r\nTransfer-Encoding: chunked", "400"), ("vertical tab before", "Transfer-Encoding: \u{B}chunked", "400"),
            ("form feed behind", "Transfer-Encoding: chunked\u{C}", "400"), ("NUL behind", "Transfer-Encoding: chunked\0", "400"), ("space before the colon", "Transfer-Encoding : chunked", "400"),
            ("bare line feed before", "X: y\nTransfer-Encoding: chunked", "400"), ("bare carriage return before", "X: y\rTransfer-Encoding: chunked", "400"),
            ("fold", "Transfer-Encoding:\r\n chunked", "400"), ("fold behind", "Transfer-Encoding: chunked\r\n , identity", "400"), ("space within", "Transfer-Encoding: chun ked", "400"),
            ("no-break space", "Transfer-Encoding: chunked\u{A0}", "400"), ("dotless i in identity", "Transfer-Encoding: ıdentity", "400"), ("Kelvin sign in chunked", "Transfer-Encoding: chun\u{212A}ed", "400"),
            ("deflate before", "Transfer-Encoding: deflate, chunked", "501"), ("two spaces in the list", "Transfer-Encoding: gzip ,  chunked", "501"),
        ]),
        RawFamily("length and coding together are refused (stricter)", "POST / HTTP/1.1\r\nHost: a\r\n", "\r\n\r\n0\r\n\r\n\(next)", [
            ("CL.TE", "Content-Length: 5\r\nTransfer-Encoding: chunked", "400"), ("TE.CL", "Transfer-Encoding: chunked\r\nContent-Length: 5", "400"),
            ("length of zero", "Content-Length: 0\r\nTransfer-Encoding: chunked", "400"), ("the length that fits", "Transfer-Encoding: chunked\r\nContent-Length: 5", "400"),
            ("a bad length", "Transfer-Encoding: chunked\r\nContent-Length: x", "400"), ("far apart", "Content-Length: 5\r\nA: b\r\nC: d\r\nTransfer-Encoding: chunked", "400"),
            ("unknown coding", "Content-Length: 5\r\nTransfer-Encoding: x", "400"), ("identity", "Transfer-Encoding: identity\r\nContent-Length: 5", "400"),
            ("gzip, chunked", "Content-Length: 5\r\nTransfer-Encoding: gzip, chunked", "501"),
        ]),
        RawFamily("HTTP/1.0 has no Transfer-Encoding", "POST / HTTP/1.0\r\n", "\r\n\r\n0\r\n\r\n", [
            ("chunked", "Transfer-Encoding: chunked", "400"), ("with keep-alive", "Connection: keep-alive\r\nTransfer-Encoding: chunked", "400"),
            ("with a length", "Content-Length: 5\r\nTransfer-Encoding: chunked", "400"), ("with a host", "Host: a\r\nTransfer-Encoding: chunked", "400"),
        ]),
    ]
}
