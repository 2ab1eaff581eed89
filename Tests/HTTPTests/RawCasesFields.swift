/// RFC 9110, section 5, and RFC 9112, section 5: names are tokens, no space before a colon, no folds, no control characters.
enum RawCasesFields {
    static let all = [
        RawFamily("field name", "GET / HTTP/1.1\r\nHost: a\r\n", "\r\n\r\n", [
            ("plain", "X-A: b", "GET /"), ("every token character", "!#$%&'*+-.^_`|~0aZ: b", "GET /"), ("digits", "1: b", "GET /"),
            ("underscore", "X_A: b", "GET /"), ("space before the colon", "X : b", "400"), ("tab before the colon", "X\t: b", "400"),
            ("space within", "X A: b", "400"), ("no colon", "X", "400"), ("no name", ": b", "400"), ("colon alone", ":", "400"),
            ("NUL", "X\0: b", "400"), ("beyond ASCII", "É: b", "400"), ("brackets", "X[]: b", "400"), ("parentheses", "X(): b", "400"),
            ("slash", "X/Y: b", "400"), ("quote", "\"X\": b", "400"), ("at sign", "X@: b", "400"), ("comma", "X,Y: b", "400"),
            ("semicolon", "X;: b", "400"), ("equals", "X=Y", "400"), ("backslash", "X\\: b", "400"), ("carriage return", "X\r: b", "400"),
            ("vertical tab", "X\u{B}: b", "400"), ("DEL", "X\u{7F}: b", "400"), ("leading space: a fold", " X: b", "400"),
            ("leading tab: a fold", "\tX: b", "400"), ("no-break space", "X\u{A0}: b", "400"),
            ("a request line", "GET /x HTTP/1.1", "400"), ("question mark", "X?: b", "400"), ("angle brackets", "<X>: b", "400"),
        ]),
        RawFamily("field value", "GET / HTTP/1.1\r\nHost: a\r\nX:", "\r\n\r\n", [
            ("plain", " b", "GET /"), ("empty", "", "GET /"), ("spaces only", "   ", "GET /"), ("tabs around", "\tb\t", "GET /"),
            ("no space", "b", "GET /"), ("tab within", "a\tb", "GET /"), ("colons", "a:b:c", "GET /"),
            ("quotes unbalanced", " \"a", "GET /"), ("beyond ASCII", " é", "GET /"), ("bytes that are no UTF-8", " «80»«FF»", "GET /"),
            ("NUL", " a\0b", "400"), ("NUL alone", "\0", "400"), ("DEL", " a\u{7F}", "400"), ("bell", " \u{7}", "400"),
            ("ESC", " \u{1B}[31m", "400"), ("vertical tab", " a\u{B}b", "400"), ("form feed", " a\u{C}b", "400"),
            ("backspace", " a\u{8}b", "400"), ("carriage return within", " a\rb", "400"), ("carriage return and space", " a\r b", "400"),
            ("carriage return before the end", " a\r", "400"), ("line feed within", " a\nY: b", "400"),
            ("unit separator", " \u{1F}", "400"),
        ]),
        RawFamily("folds are refused (stricter)", "GET / HTTP/1.1\r\n", "\r\n\r\n", [
            ("by a space", "Host: a\r\n b", "400"), ("by a tab", "Host: a\r\n\tb", "400"), ("empty", "Host: a\r\n ", "400"),
            ("of the first line", " Host: a", "400"), ("that hides a length", "Host: a\r\nX: y\r\n Content-Length: 5", "400"),
            ("within Transfer-Encoding", "Host: a\r\nTransfer-Encoding:\r\n chunked", "400"), ("twice", "Host: a\r\n b\r\n c", "400"),
            ("by a bare line feed", "Host: a\n b", "400"), ("of the request line", " HTTP/1.1\r\nHost: a", "400"),
        ]),
        RawFamily("fields that look like framing", "POST / HTTP/1.1\r\nHost: a\r\n", "\r\n\r\n", [
            ("Content_Length (stricter)", "Content_Length: 5", "400"),
            ("Transfer_Encoding (stricter)", "transfer_encoding: chunked", "400"),
            ("Content-Length with a space", "Content-Length : 5", "400"), ("Content-Length with a NUL", "Content-Length\0: 5", "400"),
            ("Content-Length behind a fold", "X:\r\n Content-Length: 5", "400"), ("Content Length", "Content Length: 5", "400"),
            ("no colon", "Content-Length 5", "400"), ("another field's value", "X: Content-Length: 5", "POST /"),
            ("X-Content-Length", "X-Content-Length: 5", "POST /"), ("Content-Length-X", "Content-Length-X: 5", "POST /"),
            ("Content-Lenght", "Content-Lenght: 5", "POST /"), ("TE is another field", "TE: chunked", "POST /"),
            ("Transfer-Encoding with a tab", "Transfer-Encoding\t: chunked", "400"),
            ("leading dot", ".Transfer-Encoding: chunked", "POST /"), ("with a carriage return", "\rTransfer-Encoding: chunked", "400"),
            ("Upgrade is not followed", "Connection: Upgrade\r\nUpgrade: h2c", "POST /"),
            ("Transfer-Encoding with a vertical tab", "Transfer-Encoding\u{B}: chunked", "400"),
            ("Method override is not followed", "X-HTTP-Method-Override: DELETE", "POST /"),
            ("Connection cannot name Content-Length away", "Connection: Content-Length\r\nContent-Length: 0", "POST /"),
        ]),
    ]
}
