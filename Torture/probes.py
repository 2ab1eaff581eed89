"""Raw bytes, and what a service with one boundary and one answer a request makes of them (RFC 9110, RFC 9112, the known smuggling
families). `wanted` is, answer by answer, the statuses allowed; 0 among them: this answer may be missing, the connection being closed."""
import dataclasses

OK, BAD, NEXT = (200,), (400,), (200, 0)
HEAD = "Host: localhost\r\n"
PLAN = '{"dataset":"cmg"}'
HIDDEN = "GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@dataclasses.dataclass
class Probe:
    name: str
    text: str
    wanted: list
    closes: bool | None = None
    pieces: int = 0  # bytes sent at a time; 0: all at once
    methods: tuple = ()


def get(more="", target="/healthz", host=HEAD, version="HTTP/1.1"):
    return f"GET {target} {version}\r\n{host}{more}\r\n"


def post(more, body, target="/v1/plans"):
    return f"POST {target} HTTP/1.1\r\n{HEAD}Content-Type: application/json\r\n{more}\r\n{body}"


def chunk(text):
    return f"{len(text):x}\r\n{text}\r\n"


TE = "Transfer-Encoding: chunked\r\n"
WHOLE = chunk(PLAN) + "0\r\n\r\n"

SOUND = [
    Probe("a request", get(), [OK], False),
    Probe("a request, byte by byte", get("X-A: b\r\n"), [OK], False, 1),
    Probe("two pipelined", get() + LAST, [OK, OK], False),
    Probe("fifty pipelined", get() * 50, [OK] * 50, False),
    Probe("HEAD has no body", "HEAD /healthz HTTP/1.1\r\n" + HEAD + "\r\n" + LAST, [OK, OK], False, 0, ("HEAD", "GET")),
    Probe("absolute-form", get(target="http://localhost/healthz"), [OK], False),
    Probe("an empty line before it", "\r\n" + get(), [OK], False),
    Probe("blanks around a value", get("X-A:\t b \t\r\n"), [OK], False),
    Probe("Connection: close", get("Connection: close\r\n"), [OK], True),
    Probe("Connection: close, nothing behind it is answered", get("Connection: close\r\n") + HIDDEN, [OK], True),
    Probe("HTTP/1.0 closes", get(version="HTTP/1.0"), [OK], True),
    Probe("a body by length, then a request", post(f"Content-Length: {len(PLAN)}\r\n", PLAN) + LAST, [OK, OK], False),
    Probe("a body by chunks, then a request", post(TE, WHOLE) + LAST, [OK, OK], False),
    Probe("a body by chunks, byte by byte", post(TE, WHOLE) + LAST, [OK, OK], False, 1),
    Probe("chunk extension and trailer", post(TE, f'{len(PLAN):x};a="b;c"\r\n{PLAN}\r\n0\r\nX-T: v\r\n\r\n') + LAST, [OK, OK], False),
    Probe("CHUNKED in capitals", post("Transfer-Encoding: CHUNKED\r\n", WHOLE) + LAST, [OK, OK], False),
    Probe("Expect: 100-continue", post(f"Expect: 100-continue\r\nContent-Length: {len(PLAN)}\r\n", PLAN), [OK], False),
    Probe("a body where none is used", get("Content-Length: 5\r\n") + "hello" + LAST, [(200, 400), NEXT]),
    Probe("a body that looks like a request", post(f"Content-Length: {len(HIDDEN)}\r\n", HIDDEN) + LAST, [(400, 422), NEXT]),
    Probe("a body for a path that is not there", post("Content-Length: 5\r\n", "hello", "/nope") + LAST, [(404,), NEXT]),
    Probe("Upgrade is passed over", get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"), [OK]),
    Probe("OPTIONS *", "OPTIONS * HTTP/1.1\r\n" + HEAD + "\r\n", [(200, 204, 404, 405)]),
]

FRAMING = [
    Probe("length and chunks", post("Content-Length: 6\r\n" + TE, "0\r\n\r\nG" + HIDDEN), [BAD], True),
    Probe("chunks and length", post(TE + "Content-Length: 4\r\n", "5c\r\n" + HIDDEN + "\r\n0\r\n\r\n"), [BAD], True),
    Probe("two lengths", post("Content-Length: 5\r\nContent-Length: 0\r\n", "hello" + HIDDEN), [BAD], True),
    Probe("a list of lengths", post("Content-Length: 5, 0\r\n", "hello" + HIDDEN), [BAD], True),
] + [
    Probe(f"length {value!r}", post(f"Content-Length: {value}\r\n", "hello" + HIDDEN), [(400, 413)], True)
    for value in ("+5", "-5", "0x5", "5 5", "5\x0b", "", "5;", "１", "18446744073709551621", "9" * 40)
] + [
    Probe(f"coding {value!r}", post(f"Transfer-Encoding: {value}\r\n", "0\r\n\r\n" + HIDDEN), [(400, 501)], True)
    for value in (
        "identity", "xchunked", "chunked, chunked", "chunked, identity", "chunked, gzip", "\x0bchunked", "chunked\x00", '"chunked"', "")
] + [
    Probe("coding gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n" + HIDDEN), [(400, 415, 501)], True),
    Probe("two codings on two lines", post(TE + "Transfer-Encoding: identity\r\n", "0\r\n\r\n" + HIDDEN), [(400, 501)], True),
    Probe("a blank before the colon", post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n" + HIDDEN), [BAD], True),
    Probe("a blank before the name", post(" Transfer-Encoding: chunked\r\n", "0\r\n\r\n" + HIDDEN), [BAD], True),
    Probe("a folded value", get("X-A: b\r\n c\r\n"), [BAD], True),
    Probe("chunks in HTTP/1.0", post(TE, WHOLE).replace("HTTP/1.1", "HTTP/1.0", 1) + HIDDEN, [BAD], True),
] + [
    Probe(f"chunk size {size!r}", post(TE, f"{size}\r\n{PLAN}\r\n0\r\n\r\n" + HIDDEN), [(400, 413)], True)
    for size in ("0x11", "-11", "+11", "11 ", " 11", "11\t", "g", "", "1_1", "10000000000000011", "f" * 30)
] + [
    Probe("no line end behind a chunk", post(TE, f"11\r\n{PLAN}XX0\r\n\r\n" + HIDDEN), [BAD], True),
    Probe("a bare LF behind a chunk's size", post(TE, f"11\n{PLAN}\r\n0\r\n\r\n" + HIDDEN), [BAD], True),
    Probe("a bare LF in a chunk's extension", post(TE, f"11;a\nb\r\n{PLAN}\r\n0\r\n\r\n" + HIDDEN), [BAD], True),
    Probe("a bare CR in a chunk's extension", post(TE, f"11;a\rb\r\n{PLAN}\r\n0\r\n\r\n" + HIDDEN), [BAD], True),
    Probe("a bare LF behind a chunk", post(TE, f"11\r\n{PLAN}\n0\r\n\r\n" + HIDDEN), [BAD], True),
    Probe("a length among the trailers", post(TE, chunk(PLAN) + "0\r\nContent-Length: 50\r\n\r\n") + LAST, [(200, 400), NEXT]),
    Probe("a broken trailer", post(TE, chunk(PLAN) + "0\r\nX T: a\r\n\r\n") + HIDDEN, [BAD], True),
]

HEADS = [
    Probe("no Host", get(host=""), [BAD], True),
    Probe("two Hosts", get("Host: localhost\r\n"), [BAD], True),
    Probe("a Host with a blank", get(host="Host: local host\r\n"), [BAD], True),
    Probe("a Host with a path", get(host="Host: localhost/x\r\n"), [BAD], True),
    Probe("an @ in Host", get(host="Host: localhost@evil\r\n"), [BAD], True),
    Probe("somebody else's Host", get(host="Host: evil.example\r\n"), [(421,)]),
    Probe("absolute-form with somebody else's name", get(target="http://evil.example/healthz"), [(400, 421)]),
    Probe("bare LF line ends", get("X-A: b\r\n").replace("\r\n", "\n"), [BAD], True),
    Probe("a bare LF in a value", get("X-A: b\nX-B: c\r\n"), [BAD], True),
    Probe("a bare CR in a value", get("X-A: b\rX-B: c\r\n"), [BAD], True),
    Probe("a NUL in a value", get("X-A: b\x00c\r\n"), [BAD], True),
    Probe("a name that is no token", get("X(A): b\r\n"), [BAD], True),
    Probe("an empty name", get(": b\r\n"), [BAD], True),
    Probe("a line without a colon", get("X-A\r\n"), [BAD], True),
    Probe("HTTP/0.9", "GET /healthz\r\n\r\n", [BAD], True),
    Probe("HTTP/2.0", get(version="HTTP/2.0"), [(400, 505)], True),
    Probe("HTTP/1.10", get(version="HTTP/1.10"), [(400, 505)], True),
    Probe("http/1.1", get(version="http/1.1"), [(400, 505)], True),
    Probe("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [(400, 505)], True),
    Probe("two blanks", "GET  /healthz HTTP/1.1\r\n" + HEAD + "\r\n", [BAD], True),
    Probe("a blank behind the version", "GET /healthz HTTP/1.1 \r\n" + HEAD + "\r\n", [BAD], True),
    Probe("a tab", "GET\t/healthz HTTP/1.1\r\n" + HEAD + "\r\n", [BAD], True),
    Probe("a method that is no token", "G@T /healthz HTTP/1.1\r\n" + HEAD + "\r\n", [BAD], True),
    Probe("an unknown method", "BREW /healthz HTTP/1.1\r\n" + HEAD + "\r\n", [(405, 501)]),
    Probe("get in small letters", "get /healthz HTTP/1.1\r\n" + HEAD + "\r\n", [(400, 405, 501)]),
    Probe("CONNECT", "CONNECT localhost:80 HTTP/1.1\r\n" + HEAD + "\r\n", [(400, 405, 501)]),
    Probe("TRACE", "TRACE /healthz HTTP/1.1\r\n" + HEAD + "Cookie: a\r\n\r\n", [(405, 501)]),
    Probe("a target without a slash", get(target="healthz"), [BAD]),
    Probe("a fragment", get(target="/healthz#a"), [BAD]),
    Probe("a control character in the target", get(target="/heal\x01thz"), [BAD]),
    Probe("a broken escape", get(target="/v1/%zz"), [(400, 404)]),
    Probe("an escaped NUL", get(target="/healthz%00"), [(400, 404)]),
    Probe("dots upwards", get(target="/v1/../../etc/passwd"), [(400, 404)]),
    Probe("escaped dots upwards", get(target="/v1/%2e%2e/%2e%2e/etc/passwd"), [(400, 404)]),
    Probe("a line of 9 kB", get(target="/" + "a" * 9000), [(414,)], True),
    Probe("a head of 40 kB", get("".join(f"X-{i}: {'b' * 4000}\r\n" for i in range(10))), [(431,)], True),
    Probe("150 fields", get("".join(f"X-{i}: b\r\n" for i in range(150))), [(431,)], True),
    Probe("a body announced too large", post("Content-Length: 20000000\r\n", ""), [(413,)], True),
    Probe("a body announced too large, with Expect", post("Expect: 100-continue\r\nContent-Length: 20000000\r\n", ""), [(413, 417)], True),
    Probe("a chunk announced too large", post(TE, "7fffffff\r\n"), [(413,)], True),
    Probe("a chunk extension of 1 kB", post(TE, f"11;{'a' * 1000}\r\n{PLAN}\r\n0\r\n\r\n"), [(400, 413, 431)], True),
    Probe("trailers of 10 kB", post(TE, chunk(PLAN) + "0\r\nX: " + "a" * 10000 + "\r\n\r\n"), [(400, 413, 431)], True),
    Probe("a TLS greeting", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "\x00" * 60 + "\r\n\r\n", [(400, 0)], True),
]
