"""P8, F3, F5: Postgres killed, gone, stalled, read-only, locked, full. Answers are whole or an honest 503, soon; readiness tells."""
import os
import signal
import socket
import struct
import subprocess
import time

from . import gauge, paths, wire
from .healthy import Client
from .table import Unusable

SOON, NEVER_LONGER, AGAIN = 2.0, 5.0, 5.0


def honest(answer, judge):
    """200 and right, or 503 with Retry-After."""
    if answer.status == 503:
        return None if answer.fields.get("retry-after", "").isdigit() else "503 without Retry-After"
    return judge(answer.body) if answer.status == 200 else f"{answer.status} {answer.body[:120]!r}"


def anything(answer, _judge):
    return None if answer.status in (200, 503) else f"{answer.status} {answer.body[:100]!r}"


def plans(hand):
    """Planning writes: the path tells that it is asked by POST."""
    while True:
        yield "/v1/plans", lambda body: None


def one(path):
    def forever(_hand):
        while True:
            yield path, None
    return forever


def post(path):
    body = b'{"dataset":"cmg","from":"2025-12-01","to":"2025-12-02"}'
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def tree(process):
    return [process] + gauge.children(process)


def signal_all(processes, number):
    for process in processes:
        try:
            os.kill(process, number)
        except ProcessLookupError:
            pass


def is_session(process):
    """Whether it serves a client of ours; not one of Postgres' own workers (it tells in its title)."""
    try:
        with open(f"/proc/{process}/cmdline") as file:
            return "gapless gapless" in file.read()
    except OSError:
        return False


class Watch:
    """Everybody who asks something while Postgres suffers."""

    def __init__(self, house, truth, seed):
        port = house.port
        self.clients = {
            "cached reads": Client(port, paths.hot, 100, 4, 20, honest, 10),
            "reads not cached": Client(port, lambda hand: truth.questions(seed + hand), 50, 8, 20, honest, 10),
            "plans": Client(port, plans, 5, 4, 0, anything, 10, post),
            "/healthz": Client(port, one("/healthz"), 10, 1, 3, lambda a, j: None if a.status == 200 else f"{a.status}", 10),
            "/readyz": Client(port, one("/readyz"), 10, 2, 3, anything, 10),
        }
        time.sleep(0.5)

    def end(self):
        return {name: client.end() for name, client in self.clients.items()}


def until_ready(house):
    """Seconds until /readyz is 200 and a read that is not cached is answered."""
    return gauge.seconds_until(house.is_ready, 40)


def judge(table, reports, start, end, limit, must_be_unready):
    for name, report in reports.items():
        shown = ", ".join(f"{count} x {status}" for status, count in sorted(report.statuses(start, end).items()))
        table.none(f"  {name} ({shown}): failures", [what for _, what in report.failures])
        slowest = report.slowest(1.0)
        table.most(f"  {name}: slowest", limit if name in ("cached reads", "reads not cached") else NEVER_LONGER, slowest, " s", 2, 0.1)
    if must_be_unready:
        ready = reports["/readyz"].statuses(start + SOON + 0.5, end - SOON)  # asked later, it may be told of the return
        table.row("  /readyz from 2.5 s on until before it is back", "only 503", str(ready), set(ready) == {503})


def outage(house, table, truth, fault, seconds, seed):
    name, begin, mend, back, limit, must_be_unready = fault
    table.subject = name
    table.note(f"--- {name}")
    watch = Watch(house, truth, seed)
    start = time.monotonic()
    begin()
    time.sleep(seconds)
    end = time.monotonic()
    mend()
    if gauge.seconds_until(back, 60, 0.02) is None:
        table.row(f"{name}: Postgres is back within a minute", "yes", "no", False)
    again = until_ready(house)
    time.sleep(0.5)
    judge(table, watch.end(), start, end, limit, must_be_unready)
    table.most(f"  {name}: ready again after it is back", AGAIN, again, " s", 2)
    report = Client(house.port, lambda hand: truth.questions(seed + 500 + hand), 50).run(1)
    table.none(f"  {name}: failures afterwards of {len(report.times)}", report.failures)


class Fault:
    """What is done to Postgres, and how it is undone."""

    def __init__(self, house):
        self.house, self.stopped, self.sessions, self.lock = house, [], [], None

    def kill(self):
        os.kill(self.house.postgres(), signal.SIGKILL)

    def take_away(self):
        open(self.house.hold, "w").close()
        processes = tree(self.house.postgres())
        signal_all(processes, signal.SIGKILL)

    def give_back(self):
        os.unlink(self.house.hold)

    def stop(self):
        self.stopped = tree(self.house.postgres())
        signal_all(self.stopped, signal.SIGSTOP)

    def go_on(self):
        signal_all(self.stopped, signal.SIGCONT)

    def lock_tables(self):
        names = self.house.psql("select string_agg(quote_ident(tablename), ', ') from pg_tables where schemaname = 'public'")
        self.lock = self.house.psql("begin", f"lock table {names} in access exclusive mode", "select pg_sleep(60)", wait=False)

    def unlock_tables(self):
        self.lock.kill()
        self.lock.wait()
        self.house.psql("select pg_terminate_backend(pid) from pg_stat_activity"
                        " where query like '%pg_sleep(60)%' and pid <> pg_backend_pid()")

    def read_only(self, on):
        self.house.psql(f"alter system set default_transaction_read_only = {'on' if on else 'off'}", "select pg_reload_conf()")

    def use_up(self):
        """Takes every connection that Postgres gives, and then those that the service's sessions had, until it has none."""
        path, mine = os.path.join(self.house.postgres_socket(), ".s.PGSQL.5432"), set()
        for _ in range(50):
            while process := self.take(path):
                mine.add(process)
            theirs = [each for each in gauge.children(self.house.postgres()) if each not in mine and is_session(each)]
            if not theirs:
                return
            signal_all(theirs, signal.SIGTERM)
            time.sleep(0.02)

    def take(self, path):
        """The server process of one more session of ours; None where no more are given."""
        greeting = struct.pack("!i", 196608) + b"user\0gapless\0database\0gapless\0\0"
        session, said = socket.socket(socket.AF_UNIX), b""
        session.settimeout(2)
        try:
            session.connect(path)
            session.sendall(struct.pack("!i", len(greeting) + 4) + greeting)
            while b"K\0\0\0\x0c" not in said:  # BackendKeyData (Postgres manual 55.7)
                piece = session.recv(4096)
                if not piece or (said + piece).startswith(b"E"):
                    raise OSError("refused")
                said += piece
        except OSError:
            session.close()
            return None
        self.sessions.append(session)
        return struct.unpack("!i", said.split(b"K\0\0\0\x0c", 1)[1][:4])[0]

    def let_go(self):
        for session in self.sessions:
            session.close()
        self.sessions = []


def trial(house, table, options):
    table.open("Postgres dies, stalls, refuses", "P8, F3, F5")
    house.start_service()
    truth = paths.Truth(house.port)
    for path in paths.HOT * 4:
        wire.ask(house.port, path)
    fault, seconds = Fault(house), 3.5 if options.quick else 6.0

    def serves():
        try:
            return house.postgres() and house.psql("select 1") == "1"
        except (Unusable, IndexError, subprocess.TimeoutExpired):
            return False
    faults = [
        ("killed, and started again by the service", fault.kill, lambda: None, serves, SOON, False),
        ("gone", fault.take_away, fault.give_back, serves, SOON, True),
        ("stopped", fault.stop, fault.go_on, serves, SOON, True),
        ("all tables locked", fault.lock_tables, fault.unlock_tables, serves, NEVER_LONGER, False),
        ("read-only", lambda: fault.read_only(True), lambda: fault.read_only(False), serves, NEVER_LONGER, False),
        ("out of connections", fault.use_up, fault.let_go, serves, NEVER_LONGER, False),
    ]
    for index, each in enumerate(faults, 1):
        try:
            outage(house, table, truth, each, seconds if each[5] else 4.0, options.seed + 7000 * index)
        finally:
            if index == 2 and os.path.exists(house.hold):
                fault.give_back()
            fault.go_on()
    house.stop_service()
