/// RFC 9112, section 3.2, and RFC 3986: the four forms of a target, escapes, dot segments.
enum RawCasesTarget {
    static let all = [
        RawFamily("path", "GET ", " HTTP/1.1\r\nHost: a\r\n\r\n", [
            ("every plain character", "/aZ09-._~!$&'()*+,;=:@/", "GET /aZ09-._~!$&'()*+,;=:@/"), ("empty segments stay", "/a//b", "GET /a//b"),
            ("two slashes are a path", "//evil.example/x", "GET //evil.example/x"), ("an escape", "/%41", "GET /%41"),
            ("lower case digits", "/%c3%a9", "GET /%c3%a9"), ("escaped space", "/a%20b", "GET /a%20b"), ("escaped percent", "/%25", "GET /%25"),
            ("escaped percent of an escape is undone once", "/%2541", "GET /%2541"), ("no slash", "a", "400"), ("space escaped as plus", "/a+b", "GET /a+b"),
            ("a fragment", "/a#b", "400"), ("backslash", "/a\\b", "400"), ("escaped NUL", "/%00", "400"), ("NUL", "/\0", "400"),
            ("escaped slash (stricter)", "/a%2Fb", "400"), ("escaped slash, lower case", "/a%2fb", "400"), ("escaped CR LF", "/a%0d%0aX:y", "400"),
            ("escaped line feed", "/%0A", "400"), ("escaped tab", "/%09", "400"), ("escaped DEL", "/%7F", "400"), ("escaped ESC", "/%1b[31m", "400"),
            ("half an escape", "/%4", "400"), ("no digits", "/%", "400"), ("no hex digits", "/%zz", "400"), ("half hex", "/%4g", "400"),
            ("a sign in an escape", "/%+1", "400"), ("overlong slash", "/%c0%af", "400"), ("overlong NUL", "/%c0%80", "400"),
            ("escaped surrogate", "/%ed%a0%80", "400"), ("half a character", "/%c3", "400"), ("beyond Unicode", "/%f5%80%80%80", "400"),
            ("u-escape", "/%u0041", "400"), ("beyond ASCII", "/é", "400"), ("a byte beyond ASCII", "/«E9»", "400"), ("DEL", "/\u{7F}", "400"),
            ("quote", "/\"a\"", "400"), ("angle brackets", "/<a>", "400"), ("braces", "/{a}", "400"), ("bar", "/a|b", "400"), ("caret", "/a^b", "400"),
            ("grave", "/`a`", "400"), ("brackets", "/[a]", "400"),
        ]),
        RawFamily("dot segments are refused (stricter)", "GET ", " HTTP/1.1\r\nHost: a\r\n\r\n", [
            ("two dots", "/../etc/passwd", "400"), ("in the middle", "/a/../b", "400"), ("at the end", "/a/..", "400"), ("one dot", "/./a", "400"),
            ("one dot at the end", "/a/.", "400"), ("escaped", "/%2e%2e/a", "400"), ("half escaped", "/.%2E/a", "400"), ("one escaped", "/%2e/a", "400"),
            ("escaped at the end", "/a/%2e%2e", "400"), ("after empty segments", "//../a", "400"), ("before a query", "/a/..?b", "400"),
            ("of an absolute form", "http://a/../b", "400"), ("three dots are a name", "/.../a", "GET /.../a"), ("a hidden name", "/.a", "GET /.a"),
            ("dots in a name", "/a..b/c.", "GET /a..b/c."), ("in a query they are text", "/?/../", "GET /?/../"),
            ("escaped twice is a name", "/%252e%252e/", "GET /%252e%252e/"),
        ]),
        RawFamily("query", "GET /?", " HTTP/1.1\r\nHost: a\r\n\r\n", [
            ("empty", "", "GET /?"), ("pairs", "a=b&c", "GET /?a=b&c"), ("second question mark", "a?b", "GET /?a?b"), ("slashes", "/a//b", "GET /?/a//b"),
            ("what browsers leave", "{\"a\"}|^`[<>]\\", "GET /?{\"a\"}|^`[<>]\\"), ("an escape", "a=%41", "GET /?a=%41"), ("escaped slash is text", "%2F", "GET /?%2F"),
            ("escaped ampersand", "a=%26", "GET /?a=%26"), ("plus is a plus", "t=+02:00", "GET /?t=+02:00"), ("a fragment", "a#b", "400"),
            ("escaped NUL", "%00", "400"), ("half an escape", "a=%4", "400"), ("no digits", "%", "400"), ("no hex digits", "a=%zz", "400"),
            ("NUL", "\0", "400"), ("tab", "a\tb", "400"), ("DEL", "\u{7F}", "400"), ("beyond ASCII", "é", "400"), ("half a character", "%c3", "400"),
            ("overlong", "%c0%af", "400"),
        ]),
        RawFamily("absolute form", "GET ", " HTTP/1.1\r\nHost: a\r\n\r\n", [
            ("http", "http://a/x", "GET http://a/x"), ("https behind a proxy", "https://a/x", "GET https://a/x"), ("scheme's case", "HTTP://A/", "GET HTTP://A/"),
            ("without a path", "http://a", "GET http://a"), ("query without a path", "http://a?b", "GET http://a?b"), ("port", "http://a:81/", "GET http://a:81/"),
            ("disagrees with Host: its authority counts", "http://b/x", "GET http://b/x"), ("IPv6", "http://[::1]:80/", "GET http://[::1]:80/"),
            ("user", "http://u@a/", "400"), ("user and password", "http://u:p@a/", "400"), ("no host", "http:///x", "400"), ("port alone", "http://:80/", "400"),
            ("port too large", "http://a:65536/", "400"), ("port no number", "http://a:b/", "400"), ("another scheme", "ftp://a/", "400"),
            ("file", "file:///etc/passwd", "400"), ("javascript", "javascript:x", "400"), ("one slash", "http:/a/x", "400"), ("no slashes", "http:a", "400"),
            ("scheme alone", "http://", "400"), ("backslashes", "http:\\\\a\\", "400"), ("space in the host", "http://a b/", "400"),
            ("fragment", "http://a/#b", "400"), ("escape in the host", "http://%61/", "400"), ("space before", " http://a/", "400"),
        ]),
        RawFamily("other forms", "", " HTTP/1.1\r\nHost: a\r\n\r\n", [
            ("asterisk of OPTIONS", "OPTIONS *", "OPTIONS *"), ("asterisk of GET", "GET *", "400"), ("asterisk of POST", "POST *", "400"),
            ("asterisk and more", "OPTIONS *a", "400"), ("two asterisks", "OPTIONS **", "400"), ("slash and asterisk", "OPTIONS /*", "OPTIONS /*"),
            ("authority of CONNECT: no proxy", "CONNECT a:443", "501"), ("authority without a port", "CONNECT a", "501"),
            ("authority of GET", "GET a:443", "400"), ("authority of OPTIONS", "OPTIONS a:80", "400"), ("IPv6 authority of CONNECT", "CONNECT [::1]:1", "501"),
        ]),
    ]
}
