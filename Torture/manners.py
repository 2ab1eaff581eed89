"""The bad manners, by name."""
from . import wire
from .crowd import Manner
from .paths import HOT, LARGEST

BODY = "Content-Type: application/json\r\n"


def post(more):
    return f"POST /v1/plans HTTP/1.1\r\nHost: localhost\r\n{BODY}{more}\r\n".encode()


HALF_HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
MEGA_HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"".join(b"X-%d: %s\r\n" % (i, b"y" * 8000) for i in range(64))

# (manner, megabytes that it may cost)
BESIDE = [
    (Manner("slow heads, 1 byte a second", 500, HALF_HEAD, b"y", 1, again=1), 200),
    (Manner("slow bodies, dripping", 500, post("Content-Length: 100000\r\n") + b'{"', b" ", 1, again=1), 200),
    (Manner("slow bodies, chunked and dripping", 500, post("Transfer-Encoding: chunked\r\n"), b"1\r\n \r\n", 1, again=1), 200),
    (Manner("readers of the largest answer that never read", 200, wire.get(LARGEST), reads="none", window=4096, again=1), 200),
    (Manner("readers of the largest answer that drip", 200, wire.get(LARGEST), reads="drip", window=4096, again=1), 200),
    (Manner("idle connections", 2000), 64),
    (Manner("connect and reset, again and again", 200, resets=True, again=0.1), 200),
    (Manner("heads of half a megabyte", 100, MEGA_HEAD, again=1), 200),
    (Manner("bodies announced with 10 GB", 100, post("Content-Length: 10000000000\r\n"), endless=b" " * 65536, again=0.5), 200),
    (Manner("chunked bodies without end", 100, post("Transfer-Encoding: chunked\r\n"), endless=b"4000\r\n" + b" " * 16384 + b"\r\n",
            again=0.5), 200),
    (Manner("bodies of 900 kB, all but the last byte", 300, post("Content-Length: 900000\r\n") + b"[" + b" " * 899998, again=1), 200),
    (Manner("pipelined requests whose answers are never read", 100, endless=wire.get(HOT[0]) * 20, reads="none", window=4096,
            again=1), 200),
]

# (manner, seconds within which the service must let go)
ENDS = [
    (Manner("a head of one byte a second", 5, HALF_HEAD, b"y", 1), 15),
    (Manner("a second head of one byte a second", 5, wire.get("/healthz") + HALF_HEAD, b"y", 1), 15),
    (Manner("a head cut after its first line", 5, b"GET /healthz HTTP/1.1\r\n"), 15),
    (Manner("a body that stops", 5, post("Content-Length: 1000\r\n") + b'{"dataset"'), 30),
    (Manner("a chunked body that stops inside a size", 5, post("Transfer-Encoding: chunked\r\n") + b"4"), 30),
    (Manner("a body of one byte a second", 5, post("Content-Length: 100000\r\n"), b" ", 1), 60),
    (Manner("a chunked body of one byte a second", 5, post("Transfer-Encoding: chunked\r\n"), b"1\r\n \r\n", 1), 60),
    (Manner("a body of one kilobyte a second", 5, post("Content-Length: 1000000\r\n"), b" " * 1024, 1), 60),
    (Manner("trailers of one byte a second", 5, post("Transfer-Encoding: chunked\r\n") + b"2\r\n{}\r\n0\r\nX-T: ", b"y", 1), 60),
    (Manner("a body refused in its head that goes on", 5, b"POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n",
            b" ", 1), 60),
    (Manner("a connection that says nothing", 5), 75),
    (Manner("silence after an answer", 5, wire.get("/healthz")), 75),
    (Manner("an empty line each five seconds", 5, b"", b"\r\n", 5), 75),
    (Manner("a reader who takes nothing of a large answer", 5, wire.get(LARGEST), reads="none", window=4096), 60),
    (Manner("a pipeliner who takes nothing", 5, endless=wire.get(HOT[0]) * 20, reads="none", window=4096), 60),
]
