"""Candles out of archives, OHLC and trades: one hidden truth rebuilt under faults, and imports that are killed."""
import json
import os
import random
import signal
import subprocess
import time

from . import gauge, wire
from .candles import Candles, Held, differences
from .house import SPAWNER, House
from .table import Unusable

PAIRS = ["XBTUSD", "SOLUSD", "HONEYUSD", "PEPEUSD"]
INTERVALS = [60, 240, 720, 1440]
NOW, FROM, TO, THROUGH = "2025-06-15T12:00:00Z", "2025-02-01", "2025-06-15", "2025-04-01"
# What a day of bad luck looks like; the rates are of requests.
FAULTS = {
    "http429Rate": 0.03, "http503Rate": 0.05, "http520Rate": 0.03, "busyRate": 0.05, "unavailableRate": 0.03, "rateLimitRate": 0.02,
    "resetRate": 0.03, "cutBodyRate": 0.05, "garbageRate": 0.04, "wrongKeyRate": 0.03, "sinceIgnoredRate": 0.1, "doubledRowRate": 0.05,
    "offGridRowRate": 0.05, "contradictoryRowRate": 0.05, "repeatedPageRate": 0.05, "missingIdsRate": 0.05}
ARCHIVE = {
    "quarters": 1, "complete": "zip", "overlapDays": 3, "lostBuckets": ["XBTUSD@2025Q1"], "junk": True, "stray": True, "lookAlikes": True,
    "crlf": ["SOLUSD"], "headers": ["HONEYUSD"], "gaps": {"SOLUSD": [["2025-02-10T03:00:00Z", "2025-02-10T07:00:00Z"]]}}


class Exchange:
    """A house with Kraken only, and its archive in a folder."""

    def __init__(self, options, name, seed):
        self.house, self.seed, self.name = House(options.program, seed, None, f"candles-{name}"), seed, name
        self.folder = os.path.join(self.house.scratch, "archive")

    def settings(self):
        return self.house.settings({
            "KRAKEN_RATE_LIMIT": "200/PT1S", "GAPLESS_CLOCK": NOW,
            "MAX_RETRIES": "6", "LOG_LEVEL": "warning"})

    def write_archive(self, what):
        command = [
            self.house.program, "sandbox", "--seed", str(self.seed), "--clock", NOW, "--write-archives", self.folder, "--archive-through",
            THROUGH, "--archive", json.dumps({"pairs": PAIRS, "intervals": INTERVALS, **what})]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise Unusable(f"the archive could not be written: {done.stderr}")
        # Files that were written a moment ago wait.
        for folder, _, names in os.walk(self.folder):
            for name in names:
                os.utime(os.path.join(folder, name), (time.time() - 60,) * 2)

    def open(self):
        self.house.start_sandbox(NOW)
        if gauge.seconds_until(lambda: wire.ask(self.house.sandbox_port, "/_sandbox")[0] == 200, 20) is None:
            raise Unusable("the sandbox does not answer")
        self.faults({"rateLimit": None})
        self.house.service = self.house.spawn(
            "service", [self.house.program, "serve", "--role", "api"], self.settings())
        if self.house.await_ready(90) is None:
            raise Unusable("the service was not ready")

    def faults(self, changes):
        self.house.faults(kraken=changes)

    def command(self, *words):
        return [self.house.program, *words]

    def ingest(self, *more, timeout=400):
        command = self.command(
            "ingest", "kraken", "--pair", ",".join(PAIRS), "--intervals", ",".join(map(str, INTERVALS)), "--start-date", FROM, "--end-date",
            "2025-06-14", "--csv-source-dir", self.folder, "--yes", *more)
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=dict(os.environ, **self.settings()))
        with open(os.path.join(self.house.scratch, "ingest.log"), "a") as log:
            log.write(f"$ {' '.join(command)}\n{done.stdout}{done.stderr}-> {done.returncode}\n")
        return done

    def truth(self):
        return Candles(self.house.sandbox_port, PAIRS, INTERVALS, FROM, TO)

    def held(self):
        return Held(self.house, PAIRS, INTERVALS, FROM, TO)

    def verified(self):
        done = subprocess.run(
            self.command("verify", "kraken"), capture_output=True, text=True, timeout=120, env=dict(os.environ, **self.settings()))
        return [] if done.returncode == 0 else [done.stdout[-400:] + done.stderr[-400:]]

    def close(self):
        return self.house.stop()


def rebuilt(options, seed, table):
    """Archive, OHLC and trades together make the truth, exactly, with faults on."""
    stage = Exchange(options, f"truth-{seed}", seed)
    try:
        stage.write_archive(ARCHIVE)
        stage.open()
        truth = stage.truth()
        stage.faults(FAULTS)
        for _ in range(2):
            done = stage.ingest("--trades")
            if done.returncode not in (0, 3):
                raise Unusable(f"ingest ended with {done.returncode}: {done.stderr[-400:]}")
            wrong = differences(truth, stage.held(), whole=False)
            table.none(f"seed {seed}: under faults: wrong or extra", [f"{kind}: {keys[:2]}" for kind, keys in wrong.items()])
        stage.faults({name: 0 for name in FAULTS})
        code = None
        for _ in range(4):
            code = stage.ingest("--trades").returncode
            if code == 0:
                break
        held = stage.held()
        found = differences(truth, held)
        table.row(f"seed {seed}: ingest ends complete", 0, code, code == 0)
        for kind in ("missing", "extra", "wrong", "twice", "coverage", "absent", "not absent"):
            table.none(f"seed {seed}: {kind}", found.get(kind, []))
        table.none(f"seed {seed}: verify", stage.verified())
        calls = wire.ask(stage.house.sandbox_port, "/_sandbox/calls", timeout=30)[1]
        before = calls["total"]
        again = stage.ingest("--trades")
        after = wire.ask(stage.house.sandbox_port, "/_sandbox/calls", timeout=30)[1]["total"]
        table.row(f"seed {seed}: requests of a run more", 0, after - before, after == before and again.returncode == 0)
        table.note(f"{len(held.rows)} rows: " + ", ".join(f"{count} {source}" for source, count in sorted(held.sources.items())))
    finally:
        for line in stage.close():
            table.note(line)
        if not table.broken:
            stage.house.remove()


def killed(options, seed, kills, table):
    """An import that is killed, its process or Postgres, at random moments: no row lost, none doubled, no file half in."""
    dice, stage = random.Random(seed), Exchange(options, "kills", seed)
    try:
        stage.write_archive({"complete": "zip", "intervals": [1, 5, 15, 60, 240, 720, 1440]})
        stage.open()
        done, ended, halves = 0, 0, []
        is_over = True
        while done < kills and ended < kills:
            # A fresh start where all is imported, so that there is always something to do.
            if is_over:
                stage.house.psql(
                    "delete from tasks using ingestions i where i.id = ingestion_id and i.dataset = 'kraken'",
                    "delete from kraken_candles", "delete from archive_files",
                    "update coverage c set held = '{}', absent = '{}' from series s where s.id = c.series_id and s.dataset = 'kraken'",
                    "delete from absences a using series s where s.id = a.series_id and s.dataset = 'kraken'")
            command = stage.command("import", "kraken", stage.folder)
            with open(os.path.join(stage.house.scratch, "import.log"), "ab") as log:
                process = SPAWNER.submit(
                    subprocess.Popen, command, stdout=log, stderr=log, start_new_session=True,
                    env=dict(os.environ, **stage.settings())).result()
            time.sleep(dice.uniform(0.3, 4.0))
            is_over = process.poll() is not None
            if is_over:
                ended += 1
            else:
                done += 1
                if dice.random() < 0.6:
                    os.killpg(process.pid, signal.SIGKILL)
                else:
                    postgres = stage.house.postgres()
                    backends = gauge.children(postgres)
                    os.kill(dice.choice(backends + [postgres]), signal.SIGKILL)
                    try:
                        process.wait(timeout=60)
                    except subprocess.TimeoutExpired:
                        os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                gauge.seconds_until(stage.house.is_ready, 60)
                halves += half_in(stage)
        table.row("kills while an import ran", kills, done, done == kills)
        table.none("files half in after a kill", halves)
        last = subprocess.run(
            stage.command("import", "kraken", stage.folder), capture_output=True, text=True, timeout=300,
            env=dict(os.environ, **stage.settings()))
        table.row("the last import ends complete", 0, last.returncode, last.returncode == 0)
        truth, held = Candles(stage.house.sandbox_port, PAIRS, INTERVALS, "2024-01-01", THROUGH), None
        held = Held(stage.house, PAIRS, INTERVALS, "2024-01-01", THROUGH)
        found = differences(truth, held, whole=False)
        found["missing"] = [key for key in truth.traded if key not in held.rows]
        for kind in ("missing", "extra", "wrong", "twice", "coverage", "absent"):
            table.none(f"after the last import: {kind}", found.get(kind, []))
        table.none("verify", stage.verified())
    finally:
        for line in stage.close():
            table.note(line)
        if not table.broken:
            stage.house.remove()


def half_in(stage):
    """Files that are said to be imported and of which not all rows are there, or the other way about."""
    try:
        text = stage.house.psql(
            "select f.id || ': ' || f.status || ', ' || coalesce(f.rows, 0) || ' rows, ' || count(c.time) || ' there'"
            " from archive_files f left join kraken_candles c on c.series_id = f.series_id"
            " group by f.id having (f.status = 'imported') <> (count(c.time) > 0)"
            " or (f.status = 'imported' and count(c.time) < f.rows)")
    except Unusable as reason:
        return [str(reason)]
    return [line for line in text.splitlines() if line]
