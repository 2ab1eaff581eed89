/// RFC 9110, section 7.2, and RFC 9112, section 3.2: exactly one Host on HTTP/1.1, and a host it must be.
enum RawCasesHost {
    static let all = [
        RawFamily("Host", "GET / HTTP/1.1\r\n", "\r\n\r\n", [
            ("name", "Host: a.example", "GET /"), ("port", "Host: a:8080", "GET /"), ("no space", "Host:a", "GET /"), ("case of the name", "hOST: A", "GET /"),
            ("spaces around", "Host: \t a \t", "GET /"), ("IPv4", "Host: 127.0.0.1:1", "GET /"), ("IPv6", "Host: [::1]", "GET /"), ("IPv6 and port", "Host: [2001:db8::1]:80", "GET /"),
            ("IPv4 in IPv6", "Host: [::ffff:127.0.0.1]", "GET /"), ("empty port", "Host: a:", "GET /"), ("largest port", "Host: a:65535", "GET /"), ("dot at the end", "Host: a.", "GET /"),
            ("underscore", "Host: a_b", "GET /"), ("missing", "X: y", "400"), ("twice", "Host: a\r\nHost: b", "400"), ("twice the same", "Host: a\r\nHost: a", "400"),
            ("twice in another case", "Host: a\r\nhOsT: a", "400"), ("empty (stricter)", "Host:", "400"), ("spaces", "Host:   ", "400"), ("first empty, then one", "Host:\r\nHost: a", "400"),
            ("user", "Host: u@a", "400"), ("user and password", "Host: u:p@a", "400"), ("port no number", "Host: a:b", "400"), ("port signed", "Host: a:+80", "400"),
            ("port negative", "Host: a:-1", "400"), ("port too large (stricter)", "Host: a:65536", "400"), ("port of six digits", "Host: a:000080", "400"), ("two ports", "Host: a:80:80", "400"),
            ("port alone", "Host: :80", "400"), ("comma (stricter)", "Host: a,b", "400"), ("comma and space", "Host: a, b", "400"), ("space within", "Host: a b", "400"),
            ("tab within", "Host: a\tb", "400"), ("path", "Host: a/b", "400"), ("scheme", "Host: http://a", "400"), ("query", "Host: a?b", "400"), ("fragment", "Host: a#b", "400"),
            ("backslash", "Host: a\\b", "400"), ("escape", "Host: %61", "400"), ("quote", "Host: \"a\"", "400"), ("apostrophe (stricter)", "Host: a'b", "400"),
            ("semicolon (stricter)", "Host: a;b", "400"), ("angle bracket", "Host: <a>", "400"), ("NUL", "Host: a\0", "400"), ("beyond ASCII", "Host: é", "400"), ("DEL", "Host: a\u{7F}", "400"),
            ("open bracket", "Host: [::1", "400"), ("closed bracket alone", "Host: ::1]", "400"), ("IPv6 without brackets", "Host: ::1", "400"), ("empty brackets", "Host: []", "400"),
            ("no IPv6 in brackets", "Host: [abc]", "400"), ("too many groups", "Host: [1:2:3:4:5:6:7:8:9]", "400"), ("two gaps", "Host: [1::2::3]", "400"), ("zone", "Host: [fe80::1%25eth0]", "400"),
            ("future form", "Host: [v1.a]", "400"), ("after the bracket", "Host: [::1]x", "400"), ("name in front of a bracket", "Host: a[::1]", "400"),
            ("folded", "Host: a\r\n b", "400"), ("asterisk", "Host: *", "400"), ("braces", "Host: ${jndi:x}", "400"),
        ]),
        RawFamily("Host and other forms", "", "\r\n\r\n", [
            ("HTTP/1.0 without", "GET / HTTP/1.0\r\nX: y", "GET / !"), ("HTTP/1.0 twice", "GET / HTTP/1.0\r\nHost: a\r\nHost: b", "400"),
            ("HTTP/1.0 malformed", "GET / HTTP/1.0\r\nHost: a b", "400"), ("absolute form without Host", "GET http://a/ HTTP/1.1\r\nX: y", "400"),
            ("absolute form and a malformed Host", "GET http://a/ HTTP/1.1\r\nHost: a b", "400"), ("absolute form and two", "GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: a", "400"),
            ("absolute form of HTTP/1.0", "GET http://a/ HTTP/1.0\r\nX: y", "GET http://a/ !"), ("OPTIONS * without", "OPTIONS * HTTP/1.1\r\nX: y", "400"),
            ("X-Forwarded-Host is no Host", "GET / HTTP/1.1\r\nX-Forwarded-Host: a", "400"), ("Host: with a space before the colon", "GET / HTTP/1.1\r\nHost : a", "400"),
        ]),
    ]
}
