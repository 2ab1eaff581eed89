"""A load that writes down, request by request, when it was sent whole and whether its answer came whole."""
import os
import selectors
import time

from . import wire
from .apart import Apart


class Lane:
    """One connection: batches of `depth` requests, the next when all answers are there."""

    def __init__(self, port, due):
        self.connection, self.due = wire.Connection(port), due
        self.connection.socket.setblocking(False)
        self.sent, self.answered, self.whole, self.partial = [], 0, 0, b""


class Load(Apart):
    """`rate` requests a second over `lanes` connections, `depth` at a time; goes on until all connections are closed."""

    def __init__(self, port, questions, rate=200.0, lanes=50, depth=1):
        self.port, self.questions, self.rate, self.lanes, self.depth = port, questions, rate, lanes, depth
        self._begin()

    def end(self):
        """[(moment sent whole, status or None, the answer was begun but not whole)]"""
        return self._found()

    def _work(self, sender):
        questions, found = self.questions(0), []
        chosen, start = selectors.DefaultSelector(), time.monotonic()
        every = self.lanes * self.depth / self.rate
        lanes = [Lane(self.port, start + every * index / self.lanes) for index in range(self.lanes)]
        for lane in lanes:
            chosen.register(lane.connection.socket, selectors.EVENT_READ, lane)
        limit = start + 60
        while lanes and time.monotonic() < limit:
            for key, _ in chosen.select(0.002):
                self._hear(key.data, found)
            now = time.monotonic()
            for lane in lanes[:]:
                if lane.connection is None:
                    lanes.remove(lane)
                elif now >= lane.due and not lane.sent:
                    self._speak(lane, questions, found)
                    lane.due = max(lane.due + every, now)
        sender.send(found)

    def _speak(self, lane, questions, found):
        data = b"".join(wire.get(next(questions)[0]) for _ in range(self.depth))
        try:
            if lane.connection.socket.send(data) != len(data):
                raise OSError("not taken at once")
        except OSError:
            self._over(lane, found)
            return
        lane.sent = [time.monotonic()] * self.depth

    def _hear(self, lane, found):
        if lane.connection is None:
            return
        closed = False
        try:
            piece = lane.connection.socket.recv(1 << 18)
            closed = not piece
            lane.connection.rest += piece
        except BlockingIOError:
            return
        except OSError:
            closed = True
        while (status := whole(lane.connection)) is not None:
            found.append((lane.sent.pop(0) if lane.sent else 0.0, status, False))
        if closed:
            self._over(lane, found)

    def _over(self, lane, found):
        for index, moment in enumerate(lane.sent):
            found.append((moment, None, index == 0 and bool(lane.connection.rest)))
        lane.sent = []
        try:
            os.close(lane.connection.socket.detach())
        finally:
            lane.connection = None


def whole(connection):
    """Takes one whole answer off what was read and gives its status; None where there is none yet."""
    end = connection.rest.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = wire.parsed_head(connection.rest[:end])
    size = int(head.fields.get("content-length", 0))
    if len(connection.rest) < end + 4 + size:
        return None
    connection.rest = connection.rest[end + 4 + size:]
    return head.status
