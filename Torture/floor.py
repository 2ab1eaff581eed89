"""A house that follows stocks only, its clock moved by hand from one moment of New York to another."""
import datetime
import json
import os
import random
import subprocess
import time
import zoneinfo

from . import gauge, wire
from .candles import lines
from .equities import told
from .shared_house import SharedHouse
from .table import Unusable

ZONE = zoneinfo.ZoneInfo("America/New_York")
# Late, gone, renamed, with a dot, with small letters; of the sandbox's built-in names.
ODD = ["BRK.B", "BF.B", "KIMpL", "SNDK", "ANSS", "HES", "PARA", "PSKY", "SQ", "XYZ", "GEV", "AAPL"]
GENERATED = 24


def at(day, clock):
    return datetime.datetime.combine(day, datetime.time.fromisoformat(clock), ZONE)


class Floor:
    """Sandbox and store; the program is called for each run as the schedule would, by `gapless ingest`."""

    def __init__(self, options, name, seed, moment, dice=None, tickers=None, more=None, speed=None):
        self.house = SharedHouse(options.program, seed, None, f"equities-{name}")
        self.options, self.seed, self.dice, self.moment, self.speed = options, seed, dice or random.Random(seed), moment, speed
        self.more, self.faults, self.asked_before, self.base = more or {}, {"requests_per_minute": 0}, 0, None
        self.file = os.path.join(self.house.scratch, "tickers.csv")
        self.lives, self.log = {}, open(os.path.join(self.house.scratch, "runs.log"), "ab")
        try:
            self.open_sandbox()
            self.listings = {one["ticker"]: one for one in told(self.house.sandbox_port, kind="tickers")}
            self.tickers = self.choose() if tickers is None else tickers(self)
            self.write_tickers()
            if self.run("migrate")[0] != 0:
                raise Unusable(f"the store could not be made; see {self.house.scratch}/runs.log")
            self.set_clock()
        except BaseException:
            self.close()
            raise

    # MARK: Tickers

    def choose(self, count=40):
        """Odd ones, plain ones, and generated ones, of which some are late, gone or thin."""
        plain = [name for name, one in self.listings.items()
                 if one["kind"] == "builtin" and not one["later"] and not one["formerly"] and name not in ODD]
        made = [name for name, one in self.listings.items() if one["kind"] == "generated"]
        names = ODD + self.dice.sample(made, min(len(made), 14))
        return names + self.dice.sample(plain, count - len(names))

    def write_tickers(self):
        """Of some the file tells the days of the listing; of the others they are found out."""
        for name in self.tickers:
            one = self.listings[name]
            if (one["later"] or one["formerly"] or one["last"]) and self.dice.random() < 0.5:
                end = one["last"] and (datetime.date.fromisoformat(one["last"]) + datetime.timedelta(days=1)).isoformat()
                self.lives[name] = (one["first"], end)
        with open(self.file, "w") as file:
            file.write("ticker,from,until\n")
            for name in self.tickers:
                first, end = self.lives.get(name, (None, None))
                file.write(f"{name},{first or ''},{end or ''}\n")

    # MARK: Processes

    def settings(self):
        return self.house.settings({
            "POLYGON_BASE_URL": f"http://127.0.0.1:{self.house.sandbox_port}", "POLYGON_API_KEY": "sandbox",
            "POLYGON_RATE_LIMIT": "1000/PT1S", "EQUITIES_TICKERS_FILE": self.file, "GAPLESS_CLOCK": self.shown(),
            "MAX_RETRIES": "6", "RETRY_DELAY": "PT1S", "LOG_LEVEL": "warning", **self.more})

    def shown(self):
        text = self.moment.astimezone(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
        return f"{text}@{self.speed}" if self.speed else text

    def open_sandbox(self):
        self.house.start_sandbox(self.shown(), [
            "--equities", str(GENERATED), "--equities-others", "20", "--faults", json.dumps({"polygon": self.faults})])
        if gauge.seconds_until(lambda: wire.ask(self.house.sandbox_port, "/_sandbox")[0] == 200, 20, 0.02) is None:
            raise Unusable("the sandbox does not answer")

    def set_clock(self):
        """The store's clock by the sandbox's."""
        before = datetime.datetime.now().timestamp()
        shown = wire.ask(self.house.sandbox_port, "/_sandbox")[1]["now"]
        shown = datetime.datetime.fromisoformat(shown.replace("Z", "+00:00")).timestamp()
        real, speed = int(before), self.speed or 1
        self.house.psql("delete from clock", "insert into clock (real_at, shown_at, speed) values "
                        f"(to_timestamp({real}), to_timestamp({int(shown - (before - real) * speed)}), {speed})")

    def move(self, moment, **faults):
        """Another moment, and what goes wrong from then on; nobody but the sandbox runs meanwhile."""
        self.asked_before += self.calls()["total"]
        self.house.end_process(self.house.sandbox)
        self.moment = moment
        self.faults = {"requests_per_minute": 0, **faults}
        self.open_sandbox()
        self.set_clock()

    def change(self, **faults):
        self.faults.update(faults)
        self.house.faults(polygon=faults)

    def calls(self):
        return wire.ask(self.house.sandbox_port, "/_sandbox/calls", timeout=30)[1]

    def asked(self):
        """Requests that the sandbox has taken, over all its lives."""
        return self.asked_before + self.calls()["total"]

    def start(self, *words):
        """A process of the service, with nobody waiting for it."""
        process = self.house.spawn("runs", [self.options.program, *words], self.settings())
        self.house.others.append(process)
        return process

    def run(self, *words, patience=150):
        """Exit code and what was said."""
        began = time.monotonic()
        try:
            done = subprocess.run(
                [self.options.program, *words], capture_output=True, text=True, timeout=patience,
                env=dict(os.environ, **self.settings()))
        except subprocess.TimeoutExpired as reason:
            raise Unusable(f"gapless {' '.join(words)} takes longer than {patience} s; see {self.house.scratch}") from reason
        self.log.write(f"== {self.shown()} {words} -> {done.returncode}, {time.monotonic() - began:.1f} s\n{done.stdout}{done.stderr}\n".encode())
        self.log.flush()
        return done.returncode, done.stdout + done.stderr

    def ingest(self, begin, last, *words):
        """(exit code, requests that the sandbox took)."""
        before = self.asked()
        code, text = self.run("ingest", "equities", "--yes", "--start-date", str(begin), "--end-date", str(last), *words)
        if code not in (0, 3):
            raise Unusable(f"the ingestion ended with code {code}: {text[-400:]}")
        return code, self.asked() - before

    def serve(self, **more):
        self.more.update(more)
        self.house.start_service(self.settings(), ready=60)

    def verified(self):
        code, text = self.run("verify", "equities")
        return [] if code == 0 else [text[-400:]]

    def sessions(self, begin, last):
        """Days on which the exchange was open, by a ticker that is always there."""
        return [one["date"] for one in told(self.house.sandbox_port, **{"ticker": "AAPL", "from": str(begin), "to": str(last)})]

    def provisional(self):
        return int(lines(self.house, "select coalesce(sum(upper(r) - lower(r)), 0) from coverage c, unnest(c.provisional) r")[0])

    def close(self):
        self.log.close()
        return self.house.stop()
