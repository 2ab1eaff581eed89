"""What scripts/soak needs: a load at a fixed rate that does not wait for answers, and figures of processes over time."""
import collections
import dataclasses
import itertools
import select
import threading
import time

from . import gauge, wire
from .apart import Apart
from .load import whole

# Answers to these are not whole without their bodies; the others have none (RFC 9110, 15.4.5).
EMPTY = {304}


@dataclasses.dataclass
class Sample:
    """One process at one moment: seconds since the beginning, resident bytes, and counts."""
    moment: float
    memory: int
    descriptors: int
    threads: int


class Load(Apart):
    """`rate` requests a second over `lanes` connections from a process of its own, open loop: a request's time counts from when it
    was due. `targets`: (kind, path, whether the tag of the last answer is shown)."""

    def __init__(self, port, targets, rate, lanes=24):
        self.port, self.targets, self.rate, self.lanes = port, targets, rate, lanes
        self._begin()

    def end(self):
        """{"statuses": Counter of (kind, status), "times": {kind: sorted seconds}, "due": n, "cpu": seconds of this client}"""
        self.over.set()
        return self._found()

    # What follows runs in the process of the load.

    def _work(self, sender):
        self.poll, self.idle, self.busy = select.epoll(), collections.deque(), {}
        self.statuses, self.times, self.tags = collections.Counter(), collections.defaultdict(list), {}
        for _ in range(self.lanes):
            self._open()
        waiting, start, count = collections.deque(), time.monotonic(), 0
        targets = itertools.cycle(self.targets)
        while not self.over.is_set() or ((waiting or self.busy) and time.monotonic() < start + count / self.rate + 10):
            now = time.monotonic()
            while not self.over.is_set() and start + count / self.rate <= now:
                waiting.append((start + count / self.rate, next(targets)))
                count += 1
            while waiting and self.idle:
                self._ask(*waiting.popleft())
            pause = max(0.0005, start + count / self.rate - time.monotonic())
            for number, _ in self.poll.poll(min(pause, 0.05)):
                self._hear(number)
        for kind in self.times:
            self.times[kind].sort()
        self.statuses["", 0] += len(waiting) + len(self.busy)
        sender.send({"statuses": self.statuses, "times": dict(self.times), "due": count, "cpu": time.process_time()})

    def _open(self):
        connection = wire.Connection(self.port)
        connection.socket.setblocking(False)
        self.poll.register(connection.socket, select.EPOLLIN)
        self.idle.append(connection)

    def _ask(self, due, target):
        kind, path, is_conditional = target
        tag = self.tags.get(path) if is_conditional else None
        connection = self.idle.popleft()
        try:
            connection.socket.send(wire.get(path, more=f"If-None-Match: {tag}\r\n" if tag else ""))
        except OSError:
            self._drop(connection, kind)
            return
        self.busy[connection.socket.fileno()] = (connection, due, target)

    def _hear(self, number):
        if number not in self.busy:
            for connection in [each for each in self.idle if each.socket.fileno() == number]:
                self.idle.remove(connection)
                self._drop(connection, "closed while idle")
            return
        connection, due, (kind, path, is_conditional) = self.busy[number]
        try:
            piece = connection.socket.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        connection.rest += piece
        head = connection.rest.find(b"\r\n\r\n")
        if is_conditional and head > 0:
            self.tags[path] = wire.parsed_head(connection.rest[:head]).fields.get("etag")
        if head > 0 and int(connection.rest[9:12]) in EMPTY:
            status, connection.rest = int(connection.rest[9:12]), connection.rest[head + 4:]
        else:
            status = whole(connection)
        if status is not None:
            self.statuses[kind, status] += 1
            self.times[kind].append(time.monotonic() - due)
            del self.busy[number]
            self.idle.append(connection)
        elif not piece:
            del self.busy[number]
            self._drop(connection, kind)

    def _drop(self, connection, kind):
        self.statuses[kind, 0] += 1
        self.poll.unregister(connection.socket)
        connection.close()
        self._open()


class Recorder(threading.Thread):
    """Writes down what each process costs every few seconds, and how many sessions Postgres has."""

    def __init__(self, house, processes, every, path):
        super().__init__(daemon=True)
        self.house, self.processes, self.every, self.path = house, processes, every, path
        self.samples = {name: [] for name in processes}
        self.sessions, self.over, self.start_time, self.failed = [], threading.Event(), time.monotonic(), []
        self.start()

    def run(self):
        with open(self.path, "w") as file:
            print("seconds,process,resident_bytes,descriptors,threads,postgres_sessions", file=file, flush=True)
            while not self.over.wait(self.every):
                moment = time.monotonic() - self.start_time
                try:
                    # Of clients alone: how many workers of its own Postgres has for a query is its own affair.
                    count = int(self.house.psql(
                        "select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()"))
                    self.sessions.append((moment, count))
                    for name, process in self.processes.items():
                        sample = Sample(moment, gauge.memory(process), gauge.descriptors(process), gauge.threads(process))
                        self.samples[name].append(sample)
                        print(f"{moment:.1f},{name},{sample.memory},{sample.descriptors},{sample.threads},{count}", file=file, flush=True)
                except Exception as reason:  # noqa: BLE001 - a process that is gone is a finding, not this thread's end
                    self.failed.append(f"after {moment:.0f} s: {reason}")

    def end(self):
        self.over.set()
        self.join()


def slope(points):
    """Least squares: (change of y in a unit of x, its standard error)."""
    count = len(points)
    if count < 3:
        return 0.0, float("inf")
    mean_x, mean_y = sum(x for x, _ in points) / count, sum(y for _, y in points) / count
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    rise = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    rest = sum((y - mean_y - rise * (x - mean_x)) ** 2 for x, y in points)
    return rise, (rest / (count - 2) / spread) ** 0.5

