"""Three processes at once on one Postgres and one Redis, and `gapless ingest` beside them: killed, and stopped for longer than a lease."""
import os
import signal
import threading
import time

from . import faults, gauge, wire
from .house import free_port
from .table import Unusable
from .trial_faults import guarded
from .trial_kills import slices

# Seconds: a lease is 15, and who stopped must find that another has his task.
STOPS = (17.0, 22.0)


class Fleet:
    """The processes beside the first: two more servers, and commands that come and go."""

    def __init__(self, stage, count=2):
        self.stage, self.ports = stage, [free_port() for _ in range(count)]
        self.processes = [None] * count
        for place in range(count):
            self.start(place)
        for port in self.ports:
            if gauge.seconds_until(lambda port=port: wire.ask(port, "/readyz", timeout=3)[0] == 200, 60) is None:
                raise Unusable("a second process on the same store is not ready within a minute")

    def start(self, place):
        house, settings = self.stage.house, self.stage.settings({"GAPLESS_PORT": str(self.ports[place])})
        self.processes[place] = house.spawn(f"other-{place}", [house.program, "serve"], house.settings(settings))
        house.others = [process for process in self.processes if process]

    def command(self, span):
        """`gapless ingest` on a day: it files, and works what there is."""
        house = self.stage.house
        begin, end = span
        last = time.strftime("%Y-%m-%d", time.gmtime(time.mktime(time.strptime(end, "%Y-%m-%d")) - 43200))
        return house.spawn("ingest", [
            house.program, "ingest", "cmg", "--yes", "--json", "--start-date", begin, "--end-date", last],
            house.settings(self.stage.settings()))


def trial(stage, seconds, with_faults=False):
    stage.faults(latencyMs=500)
    fleet, over = Fleet(stage), threading.Event()
    hands = [threading.Thread(target=guarded, args=(stage, work), daemon=True)
             for work in (lambda: torment(stage, fleet, over), lambda: command(stage, fleet, over))]
    for hand in hands:
        hand.start()
    deadline = time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            for span in slices(stage, stage.ranges[:-1]):
                if time.monotonic() < deadline:
                    if with_faults:
                        stage.other_faults(faults.mix(stage.dice))
                    stage.ingest(span, mode=stage.dice.choice(["missing", "refresh"]))
    finally:
        over.set()
        for hand in hands:
            hand.join()
    for process in fleet.processes:
        stage.house.end_process(process)
    stage.finish()


def shared_quota(stage):
    """Three processes that want more than the quota, and nothing is killed: not one request is refused."""
    Fleet(stage)
    stage.round()
    stage.round(mode="refresh")
    if stage.book.refused():
        stage.found["quota"].append(f"{stage.book.refused()} requests were refused")
    stage.finish()


def command(stage, fleet, over):
    """Commands beside the servers; now and then one is killed. On days of their own: two ingestions of one day would both ask for it."""
    while not over.wait(stage.dice.uniform(0.5, 2)):
        process = fleet.command(stage.dice.choice(slices(stage, stage.ranges[-1:])))
        limit = stage.dice.uniform(0.5, 6) if stage.dice.random() < 0.4 else 60
        if gauge.seconds_until(lambda process=process: process.poll() is not None or over.is_set(), limit, 0.1) is None or over.is_set():
            moment = stage.shown_now()
            process.kill()
            process.wait()
            stage.killed += 1
            stage.deaths["command"] += 1
            stage.book.disturb(moment - 1, stage.shown_now() + 1)


def torment(stage, fleet, over):
    """One process after another dies or stops; the first one, which the trial asks, is stopped seldom."""
    stopped = []
    while not over.wait(stage.dice.uniform(0.5, 2.5)):
        place = stage.dice.randrange(-1, len(fleet.processes))
        process = stage.house.service if place < 0 else fleet.processes[place]
        if process in [each for each, _, _ in stopped]:
            continue
        moment = stage.shown_now()
        if stage.dice.random() < 0.4 and len(stopped) < 2:
            process.send_signal(signal.SIGSTOP)
            stopped.append((process, moment, time.monotonic() + stage.dice.uniform(*STOPS)))
            stage.killed += 1
            stage.deaths["stopped"] += 1
        elif place >= 0:
            process.kill()
            process.wait()
            stage.killed += 1
            stage.deaths["service"] += 1
            fleet.start(place)
            stage.book.disturb(moment - 1, stage.shown_now() + 1)
        for entry in [each for each in stopped if each[2] <= time.monotonic()]:
            go_on(stage, entry)
            stopped.remove(entry)
    for entry in stopped:
        go_on(stage, entry)


def go_on(stage, entry):
    process, moment, _ = entry
    if gauge.lives(process.pid):
        os.kill(process.pid, signal.SIGCONT)
    # What it sent before it sees that its lease is gone is asked for by two.
    stage.book.disturb(moment - 1, stage.shown_now() + int(2 * stage.speed) + 1)
