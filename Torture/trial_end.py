"""P9, F25: the end. Who was read in full is answered, nobody new is let in, it ends in time, and what it was doing can be resumed."""
import os
import random
import signal
import time

from . import gauge, paths, wire
from .crowd import Crowd, Manner
from .healthy import Client
from .load import Load
from .manners import HALF_HEAD, post

# A request sent this close to the signal may still lie unread in the kernel: it was not read in full.
UNREAD = 0.01


def mixed(truth, seed):
    """Cached answers and such as have to be made, by turns."""
    def questions(_hand):
        hot, cold = paths.hot(), truth.questions(seed)
        while True:
            yield next(hot)
            yield next(cold)
    return questions


def refused_after(port, start):
    """When the last connection was let in, in seconds after `start`."""
    last, refusals = 0.0, 0
    while refusals < 20 and time.monotonic() - start < 12:
        try:
            wire.Connection(port, 1).close()
            last, refusals = time.monotonic() - start, 0
        except wire.Broken:
            refusals += 1
        time.sleep(0.005)
    return last if refusals >= 20 else None


def end_it(house):
    """Sends SIGTERM; (moment, seconds until nobody is let in, exit code, seconds until the exit)."""
    moment = time.monotonic()
    house.service.send_signal(signal.SIGTERM)
    closed = refused_after(house.port, moment)
    code = house.end_process(house.service, max(0.1, 20 - (time.monotonic() - moment)))
    lasted = time.monotonic() - moment
    house.service = None
    return moment, closed, code, lasted


def judge_end(table, name, closed, code, lasted):
    table.most(f"{name}: new connections refused after", 0.1, closed, " s", 3)
    table.row(f"{name}: exit code", 0, code, code == 0)
    table.most(f"{name}: ended after", 10, lasted, " s", 2)


def under_load(house, table, options, depth, crowd=()):
    name = f"{depth} at a time" + (", beside peers that hang" if crowd else "")
    house.start_service()
    truth = paths.Truth(house.port)
    hanging = Crowd(house.port, list(crowd)) if crowd else None
    load = Load(house.port, mixed(truth, options.seed), depth=depth)
    time.sleep(1.5 + random.Random(options.seed + depth).random())
    moment, closed, code, lasted = end_it(house)
    found = load.end()
    if hanging:
        hanging.end()
    before = [each for each in found if 0 < each[0] < moment - UNREAD]
    lost = [f"sent {(moment - sent) * 1e3:.0f} ms before: {'cut' if cut else status}" for sent, status, cut in before if status != 200]
    late = [each for each in found if each[0] >= moment - UNREAD]
    table.none(f"{name}: of {len(before)} requests read in full, failed", lost)
    table.none(f"{name}: answers that were begun and cut", [sent for sent, _, cut in found if cut])
    table.note(f"sent since {UNREAD * 1e3:.0f} ms before the signal: {len(late)}, of them answered {sum(each[1] == 200 for each in late)}")
    judge_end(table, name, closed, code, lasted)


def ingestion(house, table):
    """An ingestion that runs when the end comes is completed by the next start, by itself."""
    house.start_service()
    day = house.spare_day()
    for _ in range(5):
        day = house.spare_day()
    house.faults(latencyMs=700)
    job = house.ingest(day, paths.FROM, 0)
    running = gauge.seconds_until(
        lambda: wire.ask(house.port, f"/v1/ingestions/{job['id']}")[1].get("status") == "running", 10)
    _, closed, code, lasted = end_it(house)
    judge_end(table, "an ingestion runs", closed, code, lasted)
    house.faults(latencyMs=0)
    house.start_service()
    done = house.await_ingestion(job["id"], 60)
    table.row("an ingestion runs: it ran when the end came", "yes", "yes" if running is not None else "no", running is not None)
    table.row("an ingestion runs: after the next start", "completed", done.get("status"), done.get("status") == "completed")
    status, report = wire.ask(house.port, f"/v1/cmg/completeness?from={day}&to={paths.FROM}")
    missing = report.get("missing") if status == 200 else status
    table.row("an ingestion runs: slots missing in the end", 0, missing, missing == 0)
    house.stop_service()


def signals(house, table):
    """F25: SIGPIPE and SIGSTOP, SIGCONT pass without a failure; SIGHUP too, or it is an end in order."""
    house.start_service()
    for path in paths.HOT * 4:
        wire.ask(house.port, path)
    process = house.service.pid
    for name, numbers in (("SIGPIPE", [signal.SIGPIPE]), ("SIGSTOP, SIGCONT", [signal.SIGSTOP, signal.SIGCONT])):
        client = Client(house.port, paths.hot)
        time.sleep(0.5)
        for number in numbers:
            os.kill(process, number)
            time.sleep(1)
        report = client.end()
        table.none(f"{name}: failures of {len(report.times)}", report.failures)
        table.row(f"{name}: alive", "yes", "yes" if house.service.poll() is None else "no", house.service.poll() is None)
        if house.service.poll() is not None:
            return
    load = Load(house.port, paths.hot)
    time.sleep(0.5)
    moment = time.monotonic()
    os.kill(process, signal.SIGHUP)
    time.sleep(1)
    ended = house.service.poll() is not None or not house.is_ready()
    code = house.end_process(house.service)
    found = load.end()
    if ended:
        lost = [sent for sent, status, _ in found if 0 < sent < moment - UNREAD and status != 200]
        table.row("SIGHUP ends it: exit code", 0, code, code == 0)
        table.none("SIGHUP ends it: requests read in full, failed", lost)
    else:
        table.row("SIGHUP: alive", "yes", "yes", True)
    house.service = None


HANGING = [
    Manner("half heads", 50, HALF_HEAD, b"y", 1),
    Manner("half bodies", 30, post("Content-Length: 1000\r\n") + b"{"),
    Manner("readers of nothing", 20, wire.get(paths.LARGEST), reads="none", window=4096),
    Manner("idle", 200),
]


def trial(house, table, options):
    table.open("the end", "P9, F25; 200 requests a second over 50 connections")
    under_load(house, table, options, 1)
    under_load(house, table, options, 4)
    under_load(house, table, options, 4, HANGING)
    ingestion(house, table)
    signals(house, table)
