"""Three workers, two doors and two schedulers on one Postgres and one Redis: any of them dies, and no acknowledged trigger is lost or doubled.

A client files triggers at an even rate, each with a key of its own, and repeats it with that key until it is acknowledged (202), at
whichever door answers. In the end every acknowledged one is there once and has ended, and its rows are the sandbox's truth."""
import collections
import datetime
import queue
import random
import threading
import time

from . import gauge, truth, wire
from .house import free_port
from .shared_house import SharedHouse
from .stage import own_seed
from .table import Unusable

NODES = ["CHILOE________110", "CHONCHI_______110", "NVA_P.MONTT___220", "QUELLON_______013"]
SOURCES = ["real", "online", "pid", "pcp"]
NOW = "2025-12-15T12:40:00-03:00"
# Both odd days are among them.
RANGES = [("2025-04-02", "2025-04-09"), ("2025-09-03", "2025-09-10"), ("2025-11-18", "2025-11-28")]
ROLES = {"worker": 3, "api": 2, "scheduler": 2}
LEASE = 15.0


class Member:
    """One process of the fleet, and those that it was before it was killed."""

    def __init__(self, fleet, role, place):
        self.fleet, self.role, self.name = fleet, role, f"{role}-{place}"
        self.port = free_port() if role == "api" else 0
        self.process = None

    def start(self):
        house = self.fleet.house
        more = {**self.fleet.settings, **({"GAPLESS_PORT": str(self.port)} if self.port else {})}
        self.process = house.spawn(self.name, [house.program, "serve", "--role", self.role], house.settings(more))

    def is_ready(self):
        return wire.ask(self.port, "/readyz", timeout=3)[0] == 200


class Fleet:
    def __init__(self, options, number):
        self.number, self.seed = number, own_seed(options.seed, f"fleet-{number}")
        self.dice, self.began = random.Random(self.seed), time.monotonic()
        self.house = SharedHouse(options.program, self.seed % 1000, NOW, f"fleet-{number:02}")
        self.settings = {
            "GAPLESS_CLOCK": NOW, "CMG_NODES": ",".join(NODES), "SIP_RATE_LIMIT": "50000/PT1H", "CMG_ONLINE_WINDOW": "P3650D",
            "MAX_RETRIES": "20", "GAPLESS_ACCESS_LOG": "off", **options.settings}
        self.members = [Member(self, role, place) for role, count in ROLES.items() for place in range(count)]
        self.doors = [member.port for member in self.members if member.port]
        self.found = collections.defaultdict(list)
        self.deaths, self.takeups = collections.Counter(), []
        self.most_expired, self.seconds, self.revisions = 0.0, 0.0, 0

    def open(self):
        gauge.seconds_until(lambda: wire.ask(self.house.sandbox_port, "/_sandbox")[0] == 200, 20)
        self.house.faults(throttle={"perHour": 50_000}, latencyMs=1200)
        for member in self.members:
            member.start()
        for member in self.members:
            if member.port and gauge.seconds_until(member.is_ready, 60, 0.2) is None:
                raise Unusable(f"{member.name} is not ready within a minute; see {self.house.scratch}/{member.name}.log")
        # The programmes do not know each node.
        self.series = [tuple(line.split("|")) for line in self.house.psql("select key[1], key[2] from series order by 1, 2").splitlines()]

    def close(self):
        # They end at the same time.
        for member in self.members:
            if member.process and member.process.poll() is None:
                member.process.terminate()
        for member in self.members:
            if self.house.end_process(member.process) is None:
                self.found["left"].append(f"{member.name} did not end within 40 s of SIGTERM")
        return self.house.stop()


class Client(threading.Thread):
    """Files triggers at `rate` a second, open loop, with some hands; remembers what was acknowledged under which key."""

    def __init__(self, fleet, rate):
        super().__init__(daemon=True)
        self.fleet, self.rate, self.over = fleet, rate, threading.Event()
        self.dice, self.work = random.Random(fleet.seed + 1), queue.Queue()
        self.answers = collections.defaultdict(list)
        self.bodies, self.refused, self.statuses = {}, [], collections.Counter()
        self.lock, self.waits = threading.Lock(), []
        self.hands = [threading.Thread(target=self.hand, args=(number,), daemon=True) for number in range(12)]

    def run(self):
        for hand in self.hands:
            hand.start()
        wanted, due = selections(self.dice, self.fleet.series), time.monotonic()
        for number, body in enumerate(wanted):
            due += 1 / self.rate
            if self.over.wait(max(0, due - time.monotonic())):
                break
            key = f"fleet-{self.fleet.number}-{number}"
            self.bodies[key] = body
            self.work.put(key)
            if self.dice.random() < 0.2:  # Asked once more although it was answered, or while it is.
                self.work.put(key)
        for _ in self.hands:
            self.work.put(None)
        for hand in self.hands:
            hand.join()

    def hand(self, number):
        dice = random.Random(self.fleet.seed * 100 + number)
        while (key := self.work.get()) is not None:
            start, deadline = time.monotonic(), time.monotonic() + 90
            while not self.filed(key, dice.choice(self.fleet.doors)):
                if time.monotonic() > deadline:
                    with self.lock:
                        self.refused.append((key, self.bodies[key]))
                    break
                time.sleep(dice.uniform(0.1, 0.5))
            with self.lock:
                self.waits.append(time.monotonic() - start)

    def filed(self, key, port):
        status, said = wire.ask(
            port, "/v1/ingestions", "POST", self.bodies[key], timeout=4, headers={"Idempotency-Key": f'"{key}"'})
        with self.lock:
            self.statuses[status] += 1
            if status == 202:
                self.answers[key].append(said["id"])
            elif status not in (0, 409, 429, 503):
                self.fleet.found["trial"].append((key, status, str(said)[:200]))
        return status == 202 or status not in (0, 409, 429, 503)


def days():
    for begin, end in RANGES:
        day = datetime.date.fromisoformat(begin)
        while day.isoformat() < end:
            yield day.isoformat(), (day + datetime.timedelta(days=1)).isoformat()
            day += datetime.timedelta(days=1)


def selections(dice, series):
    """Without end: each day of each series in random order, first for what is missing, then again; now and then one twice."""
    mode, last = "missing", None
    while True:
        every = [{"dataset": "cmg", "node": node, "source": source, "from": begin, "to": end, "mode": mode}
                 for begin, end in days() for node, source in series]
        dice.shuffle(every)
        for body in every:
            yield body
            if last and dice.random() < 0.05:
                yield last
            last = body
        mode = "refresh"


class Watcher(threading.Thread):
    """Looks at the queue: how long tasks are without a live lease, and how long after its last sign of life what the dead held goes on."""

    def __init__(self, fleet):
        super().__init__(daemon=True)
        self.fleet, self.over, self.seen = fleet, threading.Event(), {}

    def run(self):
        while not self.over.wait(0.5):
            try:
                self.look()
            except (Unusable, OSError, ValueError) as reason:
                self.fleet.found["trial"].append(f"the queue could not be looked at: {reason}")

    def look(self):
        lines = self.fleet.house.psql(
            "select id, fence, extract(epoch from lease_until), extract(epoch from begun_at), extract(epoch from now()) "
            "from tasks where status = 'running'").splitlines()
        for task, fence, lease, begun, now in ([float(word or 0) for word in line.split("|")] for line in lines):
            self.fleet.most_expired = max(self.fleet.most_expired, now - lease)
            old_fence, old_lease = self.seen.get(task, (fence, lease))
            # A lease is renewed while its holder lives: who claims after its end takes up what a dead one held.
            if fence > old_fence and begun >= old_lease - 0.1:
                self.fleet.takeups.append(begun - old_lease + LEASE)
            self.seen[task] = (fence, lease)


def trial(fleet, kills, rate, patience=240):
    fleet.open()
    client, watcher = Client(fleet, rate), Watcher(fleet)
    client.start()
    watcher.start()
    time.sleep(3)
    torment(fleet, kills)
    client.over.set()
    client.join(180)
    fleet.house.faults(latencyMs=0)
    drained = gauge.seconds_until(lambda: queue_is_empty(fleet), patience, 0.5)
    if drained is None:
        fleet.found["unended"].append(f"{patience} s after the last trigger ingestions are open: " + fleet.house.psql(
            "select status, count(*) from ingestions where finished_at is null group by 1").replace("\n", " "))
    watcher.over.set()
    watcher.join()
    judge(fleet, client)
    return client


def queue_is_empty(fleet):
    return fleet.house.psql("select count(*) from ingestions where finished_at is null") == "0"


def torment(fleet, kills):
    """`kills` times a process of any role, now and then two at once; each is started again as a supervisor would."""
    left = kills
    while left > 0:
        time.sleep(fleet.dice.uniform(0.5, 4))
        count = min(left, 2 if fleet.dice.random() < 0.2 else 1)
        chosen = fleet.dice.sample(fleet.members, count)
        for member in chosen:
            if member.process.poll() is not None:
                fleet.found["trial"].append(f"{member.name} ended by itself with code {member.process.returncode}")
            member.process.kill()
        for member in chosen:
            member.process.wait()
            fleet.deaths[member.role] += 1
        left -= count
        time.sleep(fleet.dice.uniform(0, 0.6))
        for member in chosen:
            member.start()


def judge(fleet, client):
    found, house = fleet.found, fleet.house
    found["lost"] += [(key, "never acknowledged") for key, _ in client.refused]
    there = dict(line.split("|") for line in house.psql(
        "select id, status from ingestions where requested_by not like 'schedule%'").splitlines())
    acknowledged = set()
    for key, names in client.answers.items():
        acknowledged.update(names)
        if len(set(names)) > 1:
            found["twice"].append((key, sorted(set(names))))
        found["lost"] += [(key, name) for name in set(names) if name not in there]
    found["twice"] += [(name, "is there though nobody was told of it") for name in there.keys() - acknowledged]
    found["unended"] += [(name, status) for name, status in there.items() if status != "completed"]
    for name in sorted(acknowledged)[:200]:
        status, job = wire.ask(fleet.doors[0], f"/v1/ingestions/{name}")
        if status != 200 or job["finished_at"] is None:
            found["unended"].append((name, status, job if status != 200 else job["status"]))
    effects(fleet, client)
    found["late"] += [f"taken up {seconds:.1f} s after its last sign of life" for seconds in fleet.takeups if seconds > LEASE + 5]
    if fleet.most_expired > 60:
        found["stuck"].append(f"a task was running {fleet.most_expired:.0f} s after its lease's end")
    if open_tasks := int(house.psql("select count(*) from tasks where status in ('available', 'running')")):
        found["unended"].append(f"{open_tasks} tasks open in the end")


def effects(fleet, client):
    """Every task's effect is there once: rows are the truth, none twice, no revision twice, no task proved twice."""
    told = truth.Truth(fleet.house.sandbox_port, NODES, SOURCES, RANGES).read()
    stored = truth.read_store(fleet.house)
    found = truth.rows_against_truth(told, stored, False)
    asked = {(body["node"], body["source"], body["from"]) for key, body in client.bodies.items() if key in client.answers}
    for key, fact in told.facts.items():
        node, source, instant = key
        day = datetime.datetime.fromtimestamp(instant, truth.ZONE).date().isoformat()
        if fact.fate == "served" and told.is_due(key) and (node, source, day) in asked:
            if key not in stored.rows:
                found["missing"].append((key, fact.value))
            elif stored.rows[key] != fact.value:
                found["wrong"].append((key, stored.rows[key], fact.value))
    for kind, lines in found.items():
        fleet.found[kind] += lines
    fleet.found["coverage"] += truth.coverage_against_rows(stored)
    for what, statement in {
        "revisions": "select count(*) from (select 1 from revisions group by series_id, time, old_values, new_values having count(*) > 1) x",
        "tasks proved more than once": "select count(*) from (select 1 from receipts where ended = 'proved' group by task_id "
                                       "having count(*) > 1) x",
    }.items():
        if count := int(fleet.house.psql(statement)):
            fleet.found["repeated"].append(f"{count} {what}")

    fleet.revisions = int(fleet.house.psql("select count(*) from revisions"))
