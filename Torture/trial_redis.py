"""P8, F6, F7: Redis killed, stalled, paused, asleep, flushed. Nobody sees an error, nothing is wrong, and it is not much slower."""
import os
import re
import signal
import subprocess
import threading
import time

from . import gauge, wire
from .healthy import Client
from .paths import HOT, Truth
from .table import Unusable

ALLOWED, RATE = 3.0, 300.0


class Redis:
    """One of our own, on a socket in the house's directory, that may be told to sleep."""

    def __init__(self, house):
        self.house, self.path, self.process = house, os.path.join(house.scratch, "redis.sock"), None
        self.start()

    def start(self):
        self.process = self.house.spawn("redis", [
            "redis-server", "--port", "0", "--unixsocket", self.path, "--save", "", "--appendonly", "no", "--dir", self.house.scratch,
            "--enable-debug-command", "local"], {})
        if gauge.seconds_until(lambda: self.say("PING") == "PONG", 10) is None:
            raise Unusable("our Redis does not answer")

    def say(self, *words):
        done = subprocess.run(["redis-cli", "-s", self.path, *words], capture_output=True, text=True, timeout=20)
        return done.stdout.strip()

    def say_later(self, *words):
        """For what answers late: nobody waits."""
        threading.Thread(target=self.say, args=words, daemon=True).start()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)


def settled(house, truth, seed, seconds):
    """How it is when all is well, after the first moments of a fresh service: the better of two reports."""
    ask(house, truth, seed - 50).run(1.5)
    reports = [ask(house, truth, seed + 20 * turn).run(seconds / 2) for turn in range(2)]
    return min(reports, key=lambda report: report.slowest())


def ask(house, truth, seed):
    """Over so many connections that one late answer does not keep the next questions waiting."""
    return Client(house.port, lambda hand: truth.questions(seed * 100 + hand), RATE, 16)


def filled(port):
    """How often Postgres was asked for an answer so far, by the service's own count."""
    _, text = wire.ask(port, "/metrics")
    return sum(int(count) for count in re.findall(r'gapless_cache_total\{[^}]*result="filled"[^}]*\} (\d+)', str(text)))


def trial(house, table, options):
    table.open("Redis dies, stalls, forgets", f"P8, F6, F7; {RATE:g} questions a second, hardly one twice")
    redis = Redis(house)
    settings = {"REDIS_URL": "unix://" + redis.path}
    try:
        house.start_service(settings)
        truth = Truth(house.port)
        seconds = 2.0 if options.quick else 4.0
        normal = settled(house, truth, options.seed, seconds)
        table.none(f"all well: failures and wrong answers of {len(normal.times)}", normal.failures)
        table.note(f"all well: p50 {normal.slowest(0.5) * 1e3:.1f} ms, p99 {normal.slowest() * 1e3:.1f} ms")
        milliseconds = str(int(seconds * 1000))
        flushing = []
        faults = [
            ("killed", redis.kill, redis.start),
            ("stopped", redis.stop, redis.go_on),
            ("CLIENT PAUSE", lambda: redis.say("CLIENT", "PAUSE", milliseconds, "ALL"), lambda: None),
            ("DEBUG SLEEP", lambda: redis.say_later("DEBUG", "SLEEP", str(seconds)), lambda: None),
            ("flushed 20 times a second", lambda: flush(redis, flushing), lambda: flushing.pop().set()),
        ]
        for index, (name, begin, mend) in enumerate(faults, 1):
            during(house, table, truth, options.seed + 1000 * index, seconds, normal, (name, begin, mend))
        stampede(house, table, redis, settings)
    finally:
        redis.kill()
    if house.service:
        house.stop_service()


def flush(redis, running):
    over = threading.Event()
    running.append(over)

    def work():
        while not over.is_set():
            redis.say("FLUSHALL")
            over.wait(0.05)
    threading.Thread(target=work, daemon=True).start()


def during(house, table, truth, seed, seconds, normal, fault):
    """A fault while questions are asked; up to three times where it was too slow."""
    name, begin, mend = fault
    failures, tries, first, ready, asked = [], [], 0.0, set(), 0
    for attempt in range(3):
        client = ask(house, truth, seed + 100 * attempt)
        time.sleep(0.5)
        start = time.monotonic()
        begin()
        time.sleep(seconds)
        end = time.monotonic()
        ready.add(wire.ask(house.port, "/readyz", timeout=3)[0])
        mend()
        time.sleep(1.5)
        report = client.end()
        failures += [what for _, what in report.failures]
        asked += len(report.times)
        first = max(first, report.slowest(1.0, start, start + 0.5))
        tries.append((report.slowest(0.99, start + 0.5, end), normal.slowest()))
        if table.good(*tries[-1], ALLOWED):
            break
        normal = settled(house, truth, seed + 50 + attempt, seconds)
    table.none(f"{name}: failures and wrong answers of {asked}", failures)
    table.quotients("  p99 by normal", ALLOWED, tries)
    table.note(f"slowest of the first half second: {first * 1e3:.0f} ms")
    table.row("  /readyz meanwhile", 200, " ".join(map(str, ready)), ready == {200})


def stampede(house, table, redis, settings):
    """A flush under load of few keys, with a service that remembers nothing: one query a key, however many ask."""
    for path in HOT:
        wire.ask(house.port, path)
    house.stop_service()
    house.start_service(settings)
    redis.say("FLUSHALL")
    before, failures, lock = filled(house.port), [], threading.Lock()
    gate = threading.Barrier(40)

    def work(index):
        try:
            connection = wire.Connection(house.port)
            gate.wait()
            for turn in range(len(HOT)):
                connection.send(wire.get(HOT[(turn + index) % len(HOT)]))
                answer = connection.answer()
                if answer.status != 200:
                    raise wire.Broken(f"{answer.status}")
        except wire.Broken as error:
            with lock:
                failures.append(str(error))

    hands = [threading.Thread(target=work, args=(index,)) for index in range(40)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    count = filled(house.port) - before
    table.none(f"{40 * len(HOT)} requests for {len(HOT)} keys at once after a flush: failures", failures)
    table.row("  queries", f"<= {2 * len(HOT)}", count, 0 < count <= 2 * len(HOT))
