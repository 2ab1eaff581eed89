/// RFC 9112, section 7.1: chunks, their extensions, and the trailer section, which is read, bounded and dropped.
enum RawCasesChunks {
    private static let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    private static let next = "0\r\n\r\nGET /n HTTP/1.1\r\nHost: a\r\n\r\n"
    private static let hello = "POST /=hello | GET /n"

    static let all = [
        RawFamily("chunk size", head, "\r\nhello\r\n\(next)", [
            ("plain", "5", hello), ("leading zeros", "0005", hello), ("15 digits", "000000000000005", hello),
            ("16 digits (stricter)", "0000000000000005", "400"), ("0x", "0x5", "400"), ("0X", "0X5", "400"), ("plus", "+5", "400"),
            ("minus", "-5", "400"), ("minus zero", "-0", "400"), ("underscore", "0_5", "400"), ("space behind (stricter)", "5 ", "400"),
            ("tab behind", "5\t", "400"), ("space before", " 5", "400"), ("tab before", "\t5", "400"), ("empty", "", "400"),
            ("h behind", "5h", "400"), ("no hex digit", "g", "400"), ("comma", "5,", "400"), ("point", "5.0", "400"),
            ("quoted", "\"5\"", "400"), ("NUL behind", "5\0", "400"), ("vertical tab behind", "5\u{B}", "400"),
            ("fullwidth digit", "５", "400"), ("beyond 64 bits", "10000000000000005", "400"), ("wraps 32 bits", "100000005", "413"),
            ("wraps 64 bits", "FFFFFFFFFFFFFFFB", "400"), ("negative in 64 bits", "8000000000000005", "400"),
            ("15 digits are too long", "FFFFFFFFFFFFFFF", "413"), ("carriage return behind", "5\r", "400"),
            ("carriage return before", "\r5", "400"), ("line feed before", "\n5", "400"), ("two numbers", "5 5", "400"),
            ("colon", "5:", "400"), ("a byte beyond ASCII", "«B5»", "400"),
        ]),
        RawFamily("chunk digits", head, "\r\n0\r\n\r\n", [
            ("A", "A\r\n0123456789", "POST /=0123456789"), ("a", "a\r\n0123456789", "POST /=0123456789"),
            ("two chunks", "2\r\nab\r\n1\r\nc", "POST /=abc"), ("one byte each", "1\r\na\r\n1\r\nb\r\n1\r\nc", "POST /=abc"),
            ("line ends are data", "2\r\n\r\n\r\n1\r\n0", "POST /=\r\n0"), ("a last chunk is data", "5\r\n0\r\n\r\n", "POST /=0\r\n\r\n"),
            ("NUL is data", "3\r\na\0b", "POST /=a\0b"),
        ]),
        RawFamily("chunk lines", head, "", [
            ("size by a line feed", "5\nhello\r\n\(next)", "400"), ("size by a carriage return", "5\rhello\r\n\(next)", "400"),
            ("data by a line feed", "5\r\nhello\n\(next)", "400"), ("data by a carriage return", "5\r\nhello\r\(next)", "400"),
            ("data without an end", "5\r\nhello\(next)", "400"), ("data too long", "5\r\nhello!\r\n\(next)", "400"),
            ("data too short", "6\r\nhello\r\n\(next)", "400"), ("CR CR LF behind data", "5\r\nhello\r\r\n\(next)", "400"),
            ("last chunk by line feeds", "0\n\n", "400"), ("last line by a line feed", "0\r\n\n", "400"),
            ("last line by a carriage return", "0\r\n\rX", "400"), ("zeros end it", "5\r\nhello\r\n000\r\n\r\n", "POST /=hello"),
            ("empty body", "0\r\n\r\n", "POST /"), ("LF CR", "5\n\rhello\r\n\(next)", "400"), ("nothing yet", "", "..."),
            ("unfinished size", "5", "..."), ("unfinished data", "5\r\nhel", "..."), ("unfinished data end", "5\r\nhello\r", "..."),
            ("unfinished end", "5\r\nhello\r\n0\r\n", "..."), ("unfinished last line", "0\r\n\r", "..."),
            ("no last line but a request", "0\r\nGET /n HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
            ("a chunk behind the last", "0\r\n\r\n5\r\nhello\r\n", "POST / | 400"),
            ("an empty line before a size", "5\r\nhello\r\n\r\n\(next)", "400"),
        ]),
        RawFamily("chunk extension", head, "\r\nhello\r\n\(next)", [
            ("name", "5;a", hello), ("name and value", "5;a=b", hello), ("quoted", "5;a=\"b c\"", hello),
            ("several", "5;a;b=c;d=\"e\"", hello), ("empty", "5;", hello), ("spaces within", "5; a = b", hello), ("tab", "5;\ta", hello),
            ("beyond ASCII", "5;é", hello), ("of the size's look", "5;0", hello), ("space before the semicolon (stricter)", "5 ;a", "400"),
            ("line feed within", "5;a\nb", "400"), ("line feed at the end", "5;a\n", "400"), ("carriage return within", "5;a\rb", "400"),
            ("NUL", "5;\0", "400"), ("ESC", "5;\u{1B}", "400"), ("DEL", "5;\u{7F}", "400"), ("CR in quotes", "5;a=\"\r\"", "400"),
            ("line end in quotes ends the line", "5;a=\"\r\n\"\r\n", "400"), ("comma instead", "5,a", "400"),
            ("of the last chunk too", "5\r\nhello\r\n0;a", "400"),
        ]),
        RawFamily("trailer", head + "5\r\nhello\r\n0\r\n", "\r\nGET /n HTTP/1.1\r\nHost: a\r\n\r\n", [
            ("one", "T: v\r\n", hello), ("several", "T: v\r\nU: w\r\n", hello), ("empty value", "T:\r\n", hello),
            ("framing fields change nothing", "Content-Length: 9\r\nTransfer-Encoding: chunked\r\n", hello),
            ("Host changes nothing", "Host: b\r\n", hello), ("Connection changes nothing", "Connection: close\r\n", hello),
            ("no colon", "T\r\n", "400"), ("no name", ": v\r\n", "400"), ("space before the colon", "T : v\r\n", "400"),
            ("fold", "T: v\r\n w\r\n", "400"), ("leading space", " T: v\r\n", "400"), ("line feed", "T: v\n", "400"),
            ("carriage return within", "T: v\rw\r\n", "400"), ("NUL", "T: \0\r\n", "400"), ("DEL", "T: \u{7F}\r\n", "400"),
            ("name no token", "T(): v\r\n", "400"), ("beyond ASCII in a value", "T: é\r\n", hello),
        ]),
    ]
}
