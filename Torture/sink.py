"""A server that only reads and forgets: what a crowd costs the machine, whoever serves."""
import os
import select
import socket

from .apart import FORK


class Sink:
    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.listener.getsockname()[1]
        self.process = FORK.Process(target=self._work, daemon=True)
        self.process.start()
        self.listener.close()

    def _work(self):
        poll, peers = select.epoll(), {}
        self.listener.setblocking(False)
        poll.register(self.listener, select.EPOLLIN)
        while True:
            for number, _ in poll.poll():
                try:
                    if number == self.listener.fileno():
                        peer, _ = self.listener.accept()
                        peer.setblocking(False)
                        peers[peer.fileno()] = peer
                        poll.register(peer, select.EPOLLIN)
                    elif not os.read(number, 1 << 16):
                        peers.pop(number).close()
                except BlockingIOError:
                    pass
                except OSError:
                    if peer := peers.pop(number, None):
                        peer.close()

    def end(self):
        self.process.kill()
        self.process.join()
