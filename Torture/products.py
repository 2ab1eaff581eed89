"""A house that keeps products only, by one fast clock, and its sandbox's words about them."""
import collections
import datetime
import decimal
import json
import os
import random
import signal
import subprocess
import time
import urllib.parse

from . import gauge, wire
from .candles import lines
from .shared_house import SharedHouse
from .table import Unusable


def instant(text):
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


def shown(second):
    return datetime.datetime.fromtimestamp(int(second), datetime.timezone.utc).isoformat().replace("+00:00", "Z")


class Shelves:
    """`begin`: seconds of the shown clock at which the sandbox starts. `choose(known, unknown, dice)` names the products."""

    def __init__(self, options, name, seed, begin, speed, choose, price=1, rate=5, faults=None, more=None):
        self.options, self.seed, self.begin, self.speed, self.price, self.rate = options, seed, begin, speed, price, rate
        self.dice, self.more, self.processes = random.Random(seed), more or {}, []
        self.house = SharedHouse(options.program, seed, None, f"keepa-{name}")
        self.file = os.path.join(self.house.scratch, "asins.txt")
        try:
            self.open_sandbox(1)
            told = self.objects("/_sandbox/truth?dataset=keepa&kind=products&count=4000")
            named = [[one["asin"] for one in told if one["known"] is known] for known in (True, False)]
            self.asins = choose(*named, self.dice)
            with open(self.file, "w") as file:
                file.write("\n".join(self.asins) + "\n")
            done = subprocess.run([options.program, "migrate"], capture_output=True, text=True, timeout=120,
                                  env=dict(os.environ, **self.settings()))
            if done.returncode != 0:
                raise Unusable(f"the store could not be made: {done.stderr[-400:]}")
            self.house.end_process(self.house.sandbox)
            self.open_sandbox(speed)
            self.set_clock()
            self.change(**(faults or {}))
        except BaseException:
            self.close()
            raise

    shown = staticmethod(shown)

    def settings(self, port=None):
        return self.house.settings({
            "SIP_API_KEY": "", "KEEPA_BASE_URL": f"http://127.0.0.1:{self.house.sandbox_port}/keepa",
            "KEEPA_API_KEY": "sandbox",
            # Of the plain limit on requests only tokens are to be seen.
            "KEEPA_RATE_LIMIT": "1000/PT1S", "KEEPA_ASINS_FILE": self.file, "GAPLESS_SCHEDULES": "on",
            "GAPLESS_CLOCK": f"{shown(self.begin)}@{self.speed}", "GAPLESS_PORT": str(port or self.house.port),
            "GAPLESS_ACCESS_LOG": "off", "LOG_LEVEL": "info", **self.more})

    def open_sandbox(self, speed):
        self.house.start_sandbox(f"{shown(self.begin)}@{speed}", [
            "--keepa-rate", str(self.rate), "--keepa-price", str(self.price)])
        if gauge.seconds_until(lambda: wire.ask(self.house.sandbox_port, "/_sandbox")[0] == 200, 20, 0.02) is None:
            raise Unusable("the sandbox does not answer")

    def set_clock(self):
        """The store's clock by the sandbox's, which begins with its process: of some looks the one that was answered soonest."""
        looks = []
        for _ in range(20):
            before = time.time()
            now = self.ask("/keepa/token?key=clock")["timestamp"] / 1000
            looks.append((time.time() - before, (before + time.time()) / 2, now))
        _, real, now = min(looks)
        self.house.psql("delete from clock", "insert into clock (real_at, shown_at, speed) values "
                        f"(to_timestamp({int(real)}), to_timestamp({int(now - (real - int(real)) * self.speed)}), {self.speed})")

    # MARK: The sandbox

    def ask(self, path, method="GET", body=None):
        status, said = wire.ask(self.house.sandbox_port, path, method, body, timeout=120)
        if status != 200:
            raise Unusable(f"the sandbox does not tell {path[:80]}: {status} {str(said)[:200]}")
        return said

    @staticmethod
    def as_objects(said):
        """Lines of JSON. (One line alone is read as JSON already.)"""
        return [said] if isinstance(said, dict) else [json.loads(line, parse_float=decimal.Decimal) for line in said.splitlines()]

    def objects(self, path):
        return self.as_objects(self.ask(path))

    def now(self):
        return instant(self.ask("/_sandbox")["now"])

    def bucket(self, **change):
        return self.ask("/_sandbox/keepa", "PUT", change) if change else self.ask("/_sandbox/keepa")

    def kept(self, begin, end, period):
        return self.ask(f"/_sandbox/keepa/kept?from={begin}&to={end}&period={period}")["by_period"]

    def calls(self):
        found = self.ask("/_sandbox/calls")
        return [one for one in found["calls"] if one["upstream"] == "keepa" and "/product" in one["path"]]

    def change(self, **faults):
        self.house.faults(keepa=faults)

    def sleep_until(self, second, pause=2.0):
        """Of the shown clock; a process that ends meanwhile breaks the trial."""
        while (left := (second - self.now()) / max(self.speed, 0.001)) > 0:
            for process in self.processes:
                if process.poll() is not None:
                    raise Unusable(f"a process ended by itself with code {process.returncode}; see {self.house.scratch}")
            time.sleep(min(pause, left + 0.02))

    # MARK: Processes

    def serve(self, name="service"):
        """The first listens on the house's port."""
        first = self.house.service is None or self.house.service.poll() is not None
        port = self.house.port if first else None
        words = ["serve"] if first else ["serve", "--role", "worker,scheduler"]
        process = self.house.spawn(name, [self.options.program, *words], self.settings(port))
        self.processes.append(process)
        self.house.others.append(process)
        if first:
            self.house.service = process
            if self.house.await_ready(60) is None:
                raise Unusable(f"the service was not ready within a minute; see {self.house.scratch}/{name}.log")
        return process

    def kill(self, process):
        self.processes.remove(process)
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()

    def end(self):
        """All processes of the service, as they should."""
        for process in self.processes:
            self.house.end_process(process)
        self.processes, self.house.service = [], None

    def close(self):
        return self.house.stop()

    def finish(self, table):
        for line in self.close():
            table.note(line)
        if not table.broken:
            self.house.remove()

    # MARK: The service

    def get(self, path):
        status, said = wire.ask(self.house.port, path, timeout=60)
        if status != 200:
            raise Unusable(f"no answer to {path}: {status} {str(said)[:300]}")
        return said

    def budget(self):
        return next(one for one in self.get("/v1/budgets")["data"] if one["upstream"] == "keepa")

    def what_if(self, **supposed):
        status, plan = wire.ask(self.house.port, "/v1/plans", "POST", {"dataset": "keepa", "what_if": supposed}, timeout=120)
        if status not in (200, 201):
            raise Unusable(f"no plan: {status} {str(plan)[:300]}")
        return plan["what_if"]

    def completeness(self, begin, end, **more):
        query = urllib.parse.urlencode({"from": shown(begin), "to": shown(end), **more})
        return self.get(f"/v1/keepa/completeness?{query}")

    def verified(self):
        done = subprocess.run([self.options.program, "verify", "keepa"], capture_output=True, text=True, timeout=300,
                              env=dict(os.environ, **self.settings()))
        return [] if done.returncode == 0 else [(done.stdout + done.stderr)[-400:]]

    def open_tasks(self):
        return collections.Counter(lines(self.house, "select status from tasks where status in ('available', 'running')"))
