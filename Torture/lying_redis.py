"""A Redis that lies: speaks just enough of the protocol (RESP2) to be believed, keeps what it is given for ever, and answers as told."""
import os
import random
import socketserver
import threading
import time

from .apart import FORK

MODES = [
    "honest", "garbage", "half", "another", "bent", "cut", "another schema", "huge", "huge array", "silent", "slow", "error",
    "too many", "closing"]


class State:
    def __init__(self, mode, asked):
        self.mode, self.asked = mode, asked
        self.values, self.keys, self.lock, self.dice = {}, [], threading.Lock(), random.Random(1)

    def put(self, key, value):
        with self.lock:
            if key not in self.values:
                self.keys.append(key)
            self.values[key] = value

    def any(self):
        with self.lock:
            return self.values[self.dice.choice(self.keys)] if self.keys else b"nothing"


def bulk(value):
    return b"$-1\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value), value)


def bent(value, dice):
    """One byte of it is another."""
    at = dice.randrange(len(value))
    return value[:at] + bytes([value[at] ^ 1 << dice.randrange(8)]) + value[at + 1:]


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        try:
            while words := self.command():
                self.answer(words)
        except (OSError, ValueError, StopIteration):
            pass

    def command(self):
        line = self.rfile.readline()
        if not line.startswith(b"*"):
            return None
        words = []
        for _ in range(int(line[1:])):
            size = int(self.rfile.readline()[1:])
            words.append(self.rfile.read(size + 2)[:-2])
        return words

    def answer(self, words):
        state, name = self.server.state, words[0].upper()
        mode = MODES[state.mode.value]
        state.asked.value += 1
        if mode == "silent":
            return
        if mode == "slow":
            time.sleep(0.5)
        if name == b"SET":
            state.put(words[1], words[2])
            self.send(b"+OK\r\n")
        elif name == b"GET":
            self.send(self.got(words[1], mode, state))
            if mode in ("half", "closing"):
                raise StopIteration
        else:
            self.send(b"+PONG\r\n" if name == b"PING" else b"+OK\r\n")

    def got(self, key, mode, state):
        value = state.any()
        return {
            "garbage": state.dice.randbytes(200), "half": bulk(value)[:-len(value) // 2], "another": bulk(value),
            "bent": bulk(bent(value, state.dice)), "another schema": bulk(bytes([value[0] ^ 3]) + value[1:]),
            "cut": bulk(value[:-1]), "huge": b"$9000000000000\r\nxxxx", "huge array": b"*2000000000\r\n" + b"$1\r\na\r\n" * 10,
            "error": b"-LOADING Redis is loading\r\n",
            "too many": bulk(value) * 3, "closing": b"",
        }.get(mode) or bulk(state.values.get(key))

    def send(self, data):
        self.wfile.write(data)


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    allow_reuse_address = True


class LyingRedis:
    """In a process of its own; `tell` changes how it answers from now on."""

    def __init__(self, path):
        self.path, self.mode, self.asked = path, FORK.Value("i", 0), FORK.Value("i", 0)
        self.process = FORK.Process(target=self._work, daemon=True)
        self.process.start()
        while not os.path.exists(path):
            time.sleep(0.01)

    def _work(self):
        with Server(self.path, Handler) as server:
            server.state = State(self.mode, self.asked)
            server.serve_forever()

    def tell(self, mode):
        self.mode.value = MODES.index(mode)

    def end(self):
        self.process.kill()
        self.process.join()
