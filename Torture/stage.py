"""A trial of the store: a house, what it is to hold, and how it comes to hold it. Checks at every step, and strictly in the end."""
import collections
import datetime
import random
import threading
import time
import zlib

from . import answers, faults, gauge, truth, wire
from .calls import CallBook
from .house import House
from .table import Unusable
from .wire import Broken

NODES = ["CHILOE________110", "CHONCHI_______110", "NVA_P.MONTT___220", "QUELLON_______013"]
SOURCES = ["real", "online", "pid", "pcp"]
NOW = "2025-12-15T12:40:00-03:00"
# The day of 25 hours, the day of 23, the running one; each with ordinary ones beside it.
RANGES = [("2025-04-04", "2025-04-07"), ("2025-09-06", "2025-09-09"), ("2025-12-13", "2025-12-16")]
# Requests an hour that no trial needs: only those about the quota are held back by it.
AMPLE = 50_000
# Later than the distances after which an absence is asked for again (1 h, 1 d, 7 d, 30 d, monthly), one after another.
JUMPS = [2 * 3600, 26 * 3600, 8 * 86400, 32 * 86400, 32 * 86400]
# Faults that make good answers look bad or bad ones good; all others show in the status, or are not seen in answers at all.
SPOILING = {
    "emptyPageRate", "shortPageRate", "emptyLastPageRate", "omitTotalPagesRate", "totalPagesDrift", "duplicateAndOmit", "cutBodyRate",
    "garbageRate", "timeoutRate", "dropFieldRate", "wrongTypeRate", "filter", "filters", "pageBase", "limitCeiling", "emptyDays",
    "lateDays"}


def own_seed(seed, name):
    return zlib.crc32(f"{seed}:{name}".encode())


class Stage:
    """`speed`: seconds of the shown clock in a second. `quota`: requests in an hour of it, ours and the sandbox's. `base`: faults that
    are there from beginning to end, so that listings have pages, for instance."""

    def __init__(self, options, name, clock=NOW, speed=1, ranges=None, quota=AMPLE, settings=None, base=None):
        self.name, self.seed, self.quota = name, own_seed(options.seed, name), quota
        self.speed = self.pace = speed
        self.dice, self.began = random.Random(self.seed), time.monotonic()
        self.clock, self.extra = clock, settings or {}
        self.house = House(options.program, self.seed % 1000, None, f"store-{name}")
        self.ranges = ranges or RANGES
        self.book, self.turn, self.jobs, self.current = CallBook(), 0, {}, {}
        self.found = collections.defaultdict(list)
        self.truth = truth.Truth(self.house.sandbox_port, NODES, SOURCES, self.ranges)
        self.lock, self.version, self.checks, self.killed = threading.RLock(), None, 0, 0
        self.base, self.deaths, self.stale = base or {}, collections.Counter(), 0
        self.stops = 0

    # MARK: Beginning and end

    def open(self):
        self.house.start_service(self.settings(), ready=120)
        self.start_sandbox()
        return self

    def settings(self, more=None):
        chosen = {
            "GAPLESS_CLOCK": f"{self.clock}@{self.speed}", "CMG_NODES": ",".join(NODES), "SIP_RATE_LIMIT": f"{self.quota}/PT1H",
            "GAPLESS_ACCESS_LOG": "off", "CMG_ONLINE_WINDOW": "P3650D"}
        chosen.update(self.extra)
        chosen.update(more or {})
        return chosen

    def start_sandbox(self):
        """With the clock that the store remembers, so that both show the same."""
        real, shown = self.house.psql("select extract(epoch from real_at), extract(epoch from shown_at) from clock").split("|")
        now = datetime.datetime.fromtimestamp(int(float(shown) + (time.time() - float(real)) * self.speed), datetime.timezone.utc)
        self.house.start_sandbox(f"{now.isoformat().replace('+00:00', 'Z')}@{self.speed}")
        if gauge.seconds_until(lambda: wire.ask(self.house.sandbox_port, "/_sandbox")[0] == 200, 20) is None:
            raise Unusable("the sandbox does not answer")
        self.current = {}
        self.base_faults()

    def base_faults(self):
        self.house.faults(**self.usual())

    def usual(self):
        return {"throttle": {"perHour": self.quota}, **self.base}

    def close(self):
        return self.house.stop()

    def jump(self, seconds):
        """Moves the shown clock: it is read when a process starts."""
        moment = self.shown_now()
        self.house.psql(f"update clock set shown_at = shown_at + interval '{seconds} seconds'")
        self.house.stop_service()
        # What was under way is asked for again; what was about to be sent counts as spent.
        self.stops += 1
        self.read_calls()
        self.house.end_process(self.house.sandbox)
        self.book.reopen()
        self.house.start_service(self.settings(), ready=60)
        self.start_sandbox()
        self.book.disturb(moment - 1, self.shown_now())

    def slow_down(self):
        """The shown clock goes on at the pace of the real one: what is compared in the end must not move meanwhile."""
        self.read_calls()
        self.house.psql("update clock set shown_at = shown_at + (now() - real_at) * speed, real_at = now(), speed = 1")
        self.speed = 1
        self.jump(0)

    # MARK: Faults

    def faults(self, **changes):
        self.truth.is_mixed |= "mixedVersions" in changes
        self.house.faults(**changes)
        self.current.update(changes)

    def other_faults(self, changes):
        """These in the place of those that are on."""
        with self.lock:
            self.read_calls()
            self.truth.is_mixed |= "mixedVersions" in changes
            self.house.faults(**{**faults.off(self.current), **self.usual(), **changes})
            self.current = dict(changes)

    def no_faults(self):
        status, said = wire.ask(self.house.sandbox_port, "/_sandbox/faults", "DELETE")
        if status != 200:
            raise Unusable(f"the sandbox keeps its faults: {status} {said}")
        self.read_calls()
        self.current = {}
        self.base_faults()

    def shown_now(self):
        state = wire.ask(self.house.sandbox_port, "/_sandbox")[1]
        return int(datetime.datetime.fromisoformat(state["now"].replace("Z", "+00:00")).timestamp())

    # MARK: Ingestions

    def file(self, selection, patience=60):
        """Asks until it is taken; asked twice it is done once."""
        key = f"{self.name}-{self.dice.random()}"
        deadline = time.monotonic() + patience
        while True:
            status, job = wire.ask(
                self.house.port, "/v1/ingestions", "POST", selection, timeout=10, headers={"Idempotency-Key": f'"{key}"'})
            if status == 202:
                return job["id"]
            if status not in (0, 503) or time.monotonic() > deadline:
                raise Unusable(f"the ingestion was refused: {status} {str(job)[:300]}")
            time.sleep(0.2)

    def ingest(self, span, patience=150, may_last=False, **more):
        """One ingestion to its end, or as long as the patience lasts; what is held is looked at again and again. Its last words."""
        name = self.file({"dataset": "cmg", "from": span[0], "to": span[1], **more})
        # One that is still open is the same ingestion.
        self.turn += name not in self.jobs
        job, deadline = {}, time.monotonic() + patience
        while job.get("finished_at") is None:
            if time.monotonic() > deadline:
                if not may_last:
                    self.found["unended"].append((name, job.get("status"), f"after {patience} s", job.get("progress")))
                break
            time.sleep(0.25)
            status, said = wire.ask(self.house.port, f"/v1/ingestions/{name}", timeout=10)
            job = said if status == 200 else job
            self.check_if_changed()
        self.read_calls()
        self.jobs[name] = job
        return job

    def round(self, patience=150, **more):
        """Every range once; how many requests the sandbox saw."""
        before = len(self.book.calls)
        for span in self.ranges:
            self.ingest(span, patience, **more)
        return len(self.book.calls) - before

    def read_calls(self):
        with self.lock:
            self.book.read(self.house.sandbox_port, self.turn, bool(SPOILING & self.current.keys()))

    # MARK: Looking

    def check_if_changed(self):
        """Nothing wrong and nothing extra at any time. What cannot be read now is read the next time."""
        with self.lock:
            try:
                stored = truth.read_store(self.house)
                if stored.version == self.version and self.checks:
                    return
                if self.speed != 1 or not self.checks:
                    self.truth.read()
                found = truth.rows_against_truth(self.truth, stored, False)
                if any(found.values()) and self.speed == 1:
                    # Perhaps the clock has brought what was not there yet.
                    found = truth.rows_against_truth(self.truth.read(), stored, False)
            except (Unusable, Broken, IndexError, OSError, ValueError):
                return
            self.version = stored.version
            self.checks += 1
            for kind, lines in found.items():
                self.note(kind, lines)
            self.note("coverage", truth.coverage_against_rows(stored))

    def note(self, kind, lines):
        known = {str(line) for line in self.found[kind]}
        self.found[kind] += [line for line in lines if str(line) not in known]

    def last_look(self):
        """{kind: list} of what is not as it should be when nothing more comes."""
        stored = truth.read_store(self.house)
        self.truth.read()
        found = truth.rows_against_truth(self.truth, stored, True)
        found["coverage"] = truth.coverage_against_rows(stored)
        found["absent"] = truth.absences_against_fates(self.truth, stored)
        return found, stored

    def finish(self, rounds=8):
        """Without faults, until nothing more comes: asks again, and moves the clock where an absence has its distance still to go."""
        self.no_faults()
        if self.speed != 1:
            self.slow_down()
        jumps = list(JUMPS)
        for _ in range(rounds):
            made = self.round()
            found, _ = self.last_look()
            if not any(found[kind] for kind in ("missing", "absent", "wrong")):
                break
            if found["wrong"] and not found["missing"]:
                # Held as it once was: a refresh asks for what is held, too.
                self.stale += len(found["wrong"])
                self.round(mode="refresh")
            elif not made and jumps:
                self.jump(jumps.pop(0))
        found, stored = self.last_look()
        for kind, lines in found.items():
            self.note(kind, lines)
        self.note("revisions", truth.revisions_against_truth(self.house, self.truth, stored))
        self.note("api", answers.against_truth(self.house.port, self.truth, stored))
        made = [self.round()]
        while made[-1] and len(made) < 3:
            made.append(self.round())
        if made[-1]:
            self.found["idle"].append(f"{made} requests when nothing more was to come")
        # What a process held that was killed a moment ago is taken up when its lease is over, and ended then.
        gauge.seconds_until(lambda: self.open_tasks() == 0, 90, 0.5)
        if self.open_tasks():
            self.found["unended"].append((self.open_tasks(), "tasks open in the end"))
        self.judge_calls()

    def open_tasks(self):
        return int(self.house.psql("select count(*) from tasks where status in ('available', 'running')"))

    def judge_calls(self):
        # From an answer to its commit: seconds of real time, on the sandbox's clock, whose log has whole seconds.
        self.note("twice", self.book.twice(
            slack=int(3 * self.pace) + 2,
            replanned=int(self.house.psql("select count(*) from tasks where is_replanned"))))
        most = self.book.largest_hour()
        if most > self.quota:
            self.found["quota"].append(f"{most} requests in an hour, {self.quota} allowed")
        for name in self.jobs:
            status, job = wire.ask(self.house.port, f"/v1/ingestions/{name}")
            self.jobs[name] = job if status == 200 else self.jobs[name]
        for job in self.jobs.values():
            spent = job.get("progress", {}).get("requests", {})
            if "retries" in spent and spent["done"] - spent["retries"] > spent["planned"]:
                self.found["planned"].append((job["id"], spent))
        done, seen = self.sum("done"), len(self.book.calls)
        if done > seen + 4 * self.stops or (done < seen and not self.killed + self.stops):
            self.found["uncounted"].append(f"{done} requests told of, {seen} seen by the sandbox")

    def sum(self, name):
        return sum(job.get("progress", {}).get("requests", {}).get(name, 0) for job in self.jobs.values())
