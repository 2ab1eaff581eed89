"""Bad clients by the hundred, in one process of their own, less urgent than everybody else: one epoll loop, one manner each.

The loop never waits for a peer: what a socket does not take now is sent when it does, what need not be read is not read.
"""
import collections
import dataclasses
import errno
import os
import select
import socket
import struct
import time

from .apart import Apart

TICK = 0.02
ENDED = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR


@dataclasses.dataclass
class Manner:
    """How each of `count` clients behaves."""
    name: str
    count: int
    opening: bytes = b""
    drip: bytes = b""  # sent each `every` seconds
    every: float = 1.0
    endless: bytes = b""  # sent for as long as the socket takes it
    reads: str = "all"  # all, none, drip (a little at each tick)
    window: int = 0  # SO_RCVBUF
    again: float = 0.0  # seconds after which a client that was closed comes again; 0: never
    resets: bool = False  # closes with a reset as soon as it has connected
    answers: bool = False  # closes by itself once it has an answer


class Peer:
    def __init__(self, manner):
        self.manner, self.socket, self.pending, self.drip_due, self.heard, self.opened = manner, None, b"", 0.0, b"", 0.0


class Crowd(Apart):
    """Starts the clients; `opened` holds, by manner, (local port, moment) of each first connection once it is ready."""

    def __init__(self, port, manners):
        self.port, self.manners = port, manners
        self._begin()
        self.opened = self.receiver.recv()

    def end(self):
        """Closes them all; counts by (manner, what)."""
        self.over.set()
        return self._found()

    # What follows runs in the process of the crowd.

    def _work(self, sender):
        os.nice(10)
        self.poll, self.peers, self.waiting = select.epoll(), {}, collections.deque()
        self.counts = collections.Counter()
        opened = collections.defaultdict(list)
        for manner in self.manners:
            for _ in range(manner.count):
                peer = Peer(manner)
                self._open(peer)
                if peer.socket:
                    opened[manner.name].append((peer.socket.getsockname()[1], peer.opened))
        sender.send(dict(opened))
        due = 0.0
        while not self.over.is_set():
            for number, events in self.poll.poll(TICK):
                if peer := self.peers.get(number):
                    self._serve(peer, events)
            if (now := time.monotonic()) >= due:
                due = now + TICK
                self._tick(now)
        for peer in list(self.peers.values()):
            peer.socket.close()
        sender.send(dict(self.counts))

    def _open(self, peer):
        peer.socket, peer.pending, peer.heard = socket.socket(), peer.manner.opening, b""
        peer.opened = time.monotonic()
        peer.drip_due = peer.opened + peer.manner.every
        if peer.manner.window:
            peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, peer.manner.window)
        peer.socket.setblocking(False)
        code = peer.socket.connect_ex(("127.0.0.1", self.port))
        if code not in (0, errno.EINPROGRESS):
            self.counts[peer.manner.name, os.strerror(code)] += 1
            self._drop(peer, "not connected")
            return
        self.peers[peer.socket.fileno()] = peer
        self.poll.register(peer.socket, self._interest(peer))

    def _interest(self, peer):
        return ENDED | (select.EPOLLIN if peer.manner.reads == "all" else 0) | select.EPOLLOUT

    def _serve(self, peer, events):
        if events & select.EPOLLIN:
            self._read(peer, 1 << 16)
        if peer.socket and events & ENDED:
            if peer.manner.reads == "all":
                while peer.socket and self._read(peer, 1 << 16):
                    pass
            if peer.socket:
                self._drop(peer, "closed by the service")
        if peer.socket and events & select.EPOLLOUT:
            if peer.manner.resets:
                peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self._drop(peer, "reset")
                return
            self._flush(peer)
            if peer.socket and not peer.pending:
                self.poll.modify(peer.socket, self._interest(peer) & ~select.EPOLLOUT)

    def _tick(self, now):
        for peer in list(self.peers.values()):
            manner = peer.manner
            if manner.drip and now >= peer.drip_due and not peer.pending:
                peer.pending, peer.drip_due = manner.drip, now + manner.every
                self._flush(peer)
            if manner.endless and not peer.pending:
                peer.pending = manner.endless
                self._flush(peer)
            elif peer.socket and peer.pending:
                self._flush(peer)
            if peer.socket and manner.reads == "drip":
                self._read(peer, 64)
        while self.waiting and self.waiting[0][0] <= now:
            self._open(self.waiting.popleft()[1])

    def _flush(self, peer):
        try:
            sent = peer.socket.send(peer.pending)
            peer.pending = peer.pending[sent:]
        except BlockingIOError:
            pass
        except OSError as error:
            self._drop(peer, errno.errorcode.get(error.errno, str(error)))

    def _read(self, peer, count):
        """Whether something came."""
        try:
            piece = peer.socket.recv(count)
        except BlockingIOError:
            return False
        except OSError as error:
            self._drop(peer, errno.errorcode.get(error.errno, str(error)))
            return False
        if not piece:
            self._drop(peer, "closed by the service")
            return False
        if len(peer.heard) < 12:
            peer.heard = (peer.heard + piece)[:12]
            if len(peer.heard) == 12:
                self.counts[peer.manner.name, peer.heard[9:12].decode("latin-1")] += 1
                if peer.manner.answers:
                    self._drop(peer, "content")
                    return False
        return True

    def _drop(self, peer, why):
        self.counts[peer.manner.name, why] += 1
        self.peers.pop(peer.socket.fileno(), None)
        peer.socket.close()
        peer.socket = None
        if peer.manner.again:
            self.waiting.append((time.monotonic() + peer.manner.again, peer))
