"""Hours of accounts: one hidden truth rebuilt under faults, and plans that are as small as they can be."""
import datetime
import os
import random
import subprocess

from . import gauge, wire
from .accounts import Books, Held, differences, least
from .candles import seconds
from .house import House
from .table import Unusable

ACCOUNTS, FROM, TO, NOW = 70, "2025-05-12", "2025-06-02", "2025-06-02T12:00:00Z"
# By then late rows have come, wrong ones were set right, and revised ones were revised.
SETTLED = "2025-06-03T06:00:00Z"
# The rates are of requests, or of records where they are about those.
FAULTS = {
    "failRate": 0.04, "errorRate": 0.04, "http429Rate": 0.03, "http500Rate": 0.02, "http502Rate": 0.02, "http503Rate": 0.03,
    "resetRate": 0.03, "cutBodyRate": 0.04, "garbageRate": 0.04, "bareListRate": 0.2, "lowerCaseRate": 0.2, "unaskedRate": 0.2,
    "driftRate": 0.2, "compactDateRate": 0.3, "textIdRate": 0.3, "floatWholeRate": 0.3, "hugeRatioRate": 0.05, "textNaNRate": 0.05,
    "bareNaNRate": 0.05, "testAccountRate": 0.05, "namelessRate": 0.05}
# Of records of the same kind the oddities of spelling stay to the end; what breaks requests does not.
BREAKING = ["failRate", "errorRate", "http429Rate", "http500Rate", "http502Rate", "http503Rate", "resetRate", "cutBodyRate", "garbageRate"]
LATE = {
    "lateHours": {"rate": 0.08, "until": SETTLED}, "lateDailyRows": {"rate": 0.05, "until": SETTLED},
    "wrongDailyTrades": {"rate": 0.08, "until": SETTLED}, "revised": {"rate": 0.1, "until": SETTLED}}
# Later than the distances after which is asked again.
JUMPS = [20 * 3600, 26 * 3600, 8 * 86400]


class Desk:
    """A house with accounts only."""

    def __init__(self, options, name, seed, accounts=ACCOUNTS):
        self.house, self.seed, self.accounts = House(options.program, seed, None, f"accounts-{name}"), seed, accounts
        self.now = datetime.datetime.fromisoformat(NOW.replace("Z", "+00:00"))

    def settings(self):
        return self.house.settings({
            "METRICS_BASE_URL": f"http://127.0.0.1:{self.house.sandbox_port}", "METRICS_API_KEY": "sandbox",
            "METRICS_RATE_LIMIT": "500/PT1S", "GAPLESS_CLOCK": NOW, "MAX_RETRIES": "8", "LOG_LEVEL": "warning"})

    def open(self):
        self.start_sandbox()
        self.house.start_service(self.settings(), ready=120)

    def start_sandbox(self):
        shown = self.now.isoformat().replace("+00:00", "Z")
        self.house.start_sandbox(shown, ["--accounts", str(self.accounts)])
        if gauge.seconds_until(lambda: wire.ask(self.house.sandbox_port, "/_sandbox")[0] == 200, 20) is None:
            raise Unusable("the sandbox does not answer")
        self.faults({"rateLimit": None})

    def faults(self, changes):
        self.house.faults(metrics=changes)

    def jump(self, seconds, faults):
        """Moves the shown clock of both: it is read when a process starts."""
        self.house.stop_service()
        self.house.end_process(self.house.sandbox)
        self.now += datetime.timedelta(seconds=seconds)
        # The service's clock has gone on by itself.
        self.start_sandbox()
        self.faults(faults)
        with_store = self.house.spawn("keeper", [self.house.program, "serve", "--role", "worker"], self.settings())
        if gauge.seconds_until(lambda: self.house.postgres() is not None and self.answers(), 60) is None:
            raise Unusable("the store does not answer")
        shown = self.now.isoformat()
        self.house.psql(f"update clock set shown_at = '{shown}', real_at = now()")
        self.house.end_process(with_store)
        self.house.start_service(self.settings(), ready=120)

    def answers(self):
        try:
            return self.house.psql("select 1") == "1"
        except (Unusable, IndexError):
            return False

    def ingest(self, patience=300, **more):
        status, job = wire.ask(
            self.house.port, "/v1/ingestions", "POST", {"dataset": "accounts", "from": FROM, "to": TO, **more}, timeout=30)
        if status != 202:
            raise Unusable(f"the ingestion was refused: {status} {job}")
        return self.house.await_ingestion(job["id"], patience)

    def calls(self):
        return wire.ask(self.house.sandbox_port, "/_sandbox/calls", timeout=30)[1]["total"]

    def verified(self):
        done = subprocess.run(
            [self.house.program, "verify", "accounts"], capture_output=True, text=True, timeout=120,
            env=dict(os.environ, **self.settings()))
        return [] if done.returncode == 0 else [done.stdout[-400:] + done.stderr[-400:]]

    def close(self):
        return self.house.stop()


def rebuilt(options, seed, table):
    """Listings, days and hours make the truth, exactly, with faults on, late rows and revisions."""
    desk = Desk(options, f"truth-{seed}", seed)
    try:
        desk.open()
        # What is held under faults is what some answer said: late rows lack, wrong ones are wrong, and nothing else.
        desk.faults({**FAULTS, **LATE})
        for _ in range(2):
            job = desk.ingest()
            if job.get("status") not in ("completed", "partial"):
                raise Unusable(f"the ingestion ended as {job.get('status')}: {job.get('error')}")
            wrong = differences(Books(desk.house.sandbox_port, FROM, TO), Held(desk.house, FROM, TO), whole=False)
            table.none(f"seed {seed}: under faults: wrong or extra", [f"{kind}: {keys[:2]}" for kind, keys in wrong.items()])
        quiet = {**FAULTS, **{name: 0 for name in BREAKING}}
        for number, jump in enumerate(JUMPS):
            desk.jump(jump, {**LATE, **(FAULTS if number == 0 else quiet)})
            # What may have been corrected is asked for again, as the schedule would; then what is missing.
            desk.ingest(mode="refresh", account_id=["*"])
            desk.ingest(mode="refresh", grain=["hour"])
            job = desk.ingest()
        truth, held = Books(desk.house.sandbox_port, FROM, TO), Held(desk.house, FROM, TO)
        found = differences(truth, held)
        table.row(f"seed {seed}: the last run ends complete", "completed", job.get("status"), job.get("status") == "completed")
        for kind in ("missing", "extra", "wrong", "twice", "coverage", "absent", "not absent"):
            table.none(f"seed {seed}: {kind}", found.get(kind, []))
        table.none(f"seed {seed}: verify", desk.verified())
        before = desk.calls()
        again = desk.ingest()
        after = desk.calls()
        table.row(
            f"seed {seed}: requests of a run more", 0, after - before, after == before and again.get("status") == "completed")
        table.note(f"{len(held.hours)} hours and {len(held.days)} days of {desk.accounts} accounts, {len(truth.empty)} empty hours")
    finally:
        for line in desk.close():
            table.note(line)
        if not table.broken:
            desk.house.remove()


def bounded(options, seed, table):
    """Plans for random holes ask as often as they must, and not once more."""
    dice, desk = random.Random(seed), Desk(options, f"bound-{seed}", seed)
    try:
        desk.open()
        first = desk.ingest()
        if first.get("status") != "completed":
            raise Unusable(f"the store could not be filled: {first}")
        days = (seconds(TO) - seconds(FROM)) // 86400
        truth = Books(desk.house.sandbox_port, FROM, TO)
        named = {(account, time // 86400) for account, time in truth.days}
        wanted = days + least({(account, day * 86400) for account, day in named})
        table.row(f"seed {seed}: requests of the first run", wanted, desk.calls(), desk.calls() == wanted)
        # Holes: some hours here and there, and whole stretches of some accounts.
        lost = {key for key in truth.hours if dice.random() < dice.choice([0.002, 0.02, 0.2])}
        for account in dice.sample(sorted({account for account, _ in truth.hours}), 5):
            start = seconds(FROM) + dice.randrange(days) * 86400
            lost |= {key for key in truth.hours if key[0] == account and start <= key[1] < start + 4 * 86400}
        values = ",".join(f"('{account}', to_timestamp({time}))" for account, time in lost)
        desk.house.psql(
            "delete from account_hours h using series s, (values " + values + ") v (account, time)"
            " where s.id = h.series_id and s.key[1] = v.account and h.time = v.time")
        subprocess.run(
            [desk.house.program, "verify", "accounts", "--repair"], capture_output=True, timeout=120,
            env=dict(os.environ, **desk.settings()))
        status, plan = wire.ask(desk.house.port, "/v1/plans", "POST", {"dataset": "accounts", "from": FROM, "to": TO}, timeout=30)
        if status not in (200, 201):
            raise Unusable(f"no plan: {status} {plan}")
        table.row(f"seed {seed}: missing hours in the plan", len(lost), plan["gaps"]["slots"], plan["gaps"]["slots"] == len(lost))
        table.row(f"seed {seed}: requests planned", least(lost), plan["totals"]["requests"], plan["totals"]["requests"] == least(lost))
        table.row(f"seed {seed}: optimality", "proven", plan["optimality"], plan["optimality"] == "proven")
        before = desk.calls()
        job = desk.ingest()
        after = desk.calls()
        table.row(f"seed {seed}: requests made", least(lost), after - before, after - before == least(lost))
        table.row(f"seed {seed}: it ends complete", "completed", job.get("status"), job.get("status") == "completed")
        desk.ingest()
        table.row(f"seed {seed}: requests of a run more", 0, desk.calls() - after, desk.calls() == after)
        found = differences(truth, Held(desk.house, FROM, TO))
        table.none(f"seed {seed}: differences", [f"{kind}: {keys[:2]}" for kind, keys in found.items()])
    finally:
        for line in desk.close():
            table.note(line)
        if not table.broken:
            desk.house.remove()
