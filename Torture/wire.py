"""HTTP/1.1 by hand over a socket: what is sent is exactly what was given, and an answer is read as RFC 9112 frames it."""
import dataclasses
import http.client
import json
import socket
import time


@dataclasses.dataclass
class Answer:
    status: int
    fields: dict
    body: bytes

    def json(self):
        return json.loads(self.body)


class Broken(Exception):
    """No whole answer came: closed, reset, timed out, or no HTTP at all."""


def get(path, host="localhost", more=""):
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n".encode()


class Connection:
    """One connection and what was read ahead on it."""

    def __init__(self, port, timeout=5.0, window=0):
        self.socket = socket.socket()
        if window:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        self.socket.settimeout(timeout)
        self.rest = b""
        try:
            self.socket.connect(("127.0.0.1", port))
        except OSError as error:
            self.socket.close()
            raise Broken(f"connect: {error}") from error
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self):
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Broken(f"send: {error}") from error

    def more(self):
        """Reads once; False at the end of the stream."""
        try:
            piece = self.socket.recv(1 << 18)
        except OSError as error:
            raise Broken(f"read: {error}") from error
        self.rest += piece
        return bool(piece)

    def until(self, mark):
        while mark not in self.rest:
            if not self.more():
                raise Broken("closed in the middle of an answer" if self.rest else "closed without an answer")
        text, self.rest = self.rest.split(mark, 1)
        return text

    def take(self, count):
        while len(self.rest) < count:
            if not self.more():
                raise Broken("closed in the middle of a body")
        data, self.rest = self.rest[:count], self.rest[count:]
        return data

    def answer(self, method="GET"):
        """The next final answer; interim ones (1xx) are passed over."""
        while True:
            answer = parsed_head(self.until(b"\r\n\r\n"))
            if answer.status >= 200:
                break
        if method == "HEAD" or answer.status in (204, 304):
            return answer
        if answer.fields.get("transfer-encoding") == "chunked":
            parts = []
            while size := int(self.until(b"\r\n").split(b";")[0], 16):
                parts.append(self.take(size))
                self.take(2)
            while self.until(b"\r\n"):
                pass
            answer.body = b"".join(parts)
        elif "content-length" in answer.fields:
            answer.body = self.take(int(answer.fields["content-length"]))
        return answer

    def ended(self, seconds):
        """Whether the far end closes within the time; what it sends meanwhile is kept."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                piece = self.socket.recv(1 << 18)
            except TimeoutError:
                return False
            except OSError:
                return True
            if not piece:
                return True
            self.rest += piece
        return False


def parsed_head(text):
    lines = text.decode("latin-1").split("\r\n")
    words = lines[0].split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdigit():
        raise Broken(f"no status line: {lines[0][:80]!r}")
    fields = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        fields[name.lower()] = value.strip()
    return Answer(int(words[1]), fields, b"")


def ask(port, path, method="GET", body=None, timeout=30.0, headers=None):
    """One request on a connection of its own: status and parsed body; status 0 where there was no answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers or {})
        answer = connection.getresponse()
        text = answer.read()
    except (OSError, http.client.HTTPException) as silence:
        return 0, str(silence)
    finally:
        connection.close()
    try:
        return answer.status, json.loads(text)
    except ValueError:
        return answer.status, text.decode("utf-8", "replace")
