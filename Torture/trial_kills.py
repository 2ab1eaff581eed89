"""kill -9 at random moments over a run of ingestions: the worker's process, Postgres (its postmaster or one of its children), Redis."""
import datetime
import os
import signal
import threading
import time

from . import gauge
from .table import Unusable
from .trial_faults import guarded

KINDS = ["service", "postmaster", "backend", "redis"]


def trial(stage, count):
    """`count` kills, while one ingestion after another is filed."""
    over = threading.Event()
    hand = threading.Thread(target=guarded, args=(stage, lambda: torment(stage, count, over)), daemon=True)
    stage.faults(latencyMs=400)
    hand.start()
    try:
        while hand.is_alive():
            for span in slices(stage):
                if hand.is_alive():
                    stage.ingest(span, mode=stage.dice.choice(["missing", "refresh"]))
    finally:
        over.set()
        hand.join()
    stage.finish()


def start_again(stage):
    """As a supervisor would; but a start that ends by itself is a broken promise."""
    for _ in range(5):
        try:
            return stage.house.start_service(stage.settings(), ready=60)
        except Unusable as reason:
            stage.found["start"].append(str(reason))
    raise Unusable("the service does not start any more")


def slices(stage, ranges=None):
    """A day at a time, in random order, so that there is always something to do."""
    days = []
    for begin, end in ranges or stage.ranges:
        day = datetime.date.fromisoformat(begin)
        while day.isoformat() < end:
            days.append((day.isoformat(), (day + datetime.timedelta(days=1)).isoformat()))
            day += datetime.timedelta(days=1)
    stage.dice.shuffle(days)
    return days


def torment(stage, count, over):
    kinds = [KINDS[index % len(KINDS)] for index in range(count)]
    stage.dice.shuffle(kinds)
    for kind in kinds:
        if over.wait(stage.dice.uniform(0.2, 4)):
            return
        kill(stage, kind)


def victim(stage, kind):
    if kind == "service":
        return stage.house.service.pid
    if kind == "redis":
        return stage.house.redis()
    postmaster = stage.house.postgres()
    if kind == "postmaster" or postmaster is None:
        return postmaster
    return stage.dice.choice(gauge.children(postmaster) or [postmaster])


def kill(stage, kind):
    """SIGKILL, and all is there again before this returns."""
    process = None
    for _ in range(100):
        process = victim(stage, kind)
        if process and gauge.lives(process):
            break
        time.sleep(0.1)
    else:
        raise Unusable(f"{kind} is not there to be killed")
    moment = stage.shown_now()
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return
    stage.killed += 1
    stage.deaths[kind] += 1
    if kind == "service":
        stage.house.service.wait()
        time.sleep(stage.dice.uniform(0, 0.4))
        start_again(stage)
        stage.book.disturb(moment - 1, stage.shown_now() + 1)
    elif kind != "redis" and stage.house.await_ready(60) is None:
        raise Unusable(f"a minute after {kind} was killed the service is not ready")
