"""Fetching of pages against what the upstream's latency alone would take: pages that are only fetched, pages whose every row is
read, pages whose every row is stored, and a full-size day. The upstream is Benchmarks/pages.c, which answers exactly 50 ms after each
request; curl and wrk see its own part first."""
import math
import os
import re
import shutil
import subprocess
import tempfile
import time

import load
from servers import NOW, PROGRAM, ROOT, Server, ask, await_answer, fail, fetch, free_port, start, stop

LATENCY_MS = 50
PAGES, DAYS = 147, ["2025-12-01", "2025-12-02", "2025-12-03"]
# Of 1,000 records a page: 147 pages are 1,531 buses with all their quarters (and a bus with some).
ALL_BUSES = [f"BUS{number:05}" for number in range(1531)]
# (130 buses of a mode that keeps few: so many that the plan reads whole days, 40 planned requests each, rather than bus by bus.)
FLIGHTS = [1, 8, 32]
GOALS = {"fetched": {1: 1.03, 8: 1.08, 32: 1.5}, "read": {8: 1.15, 32: 2.0}, "stored": {8: 1.15, 32: 2.0}}
CPU_GOALS = {"fetched": 0.6, "read": 1.5}
MODES = {
    "fetched": ("pages of one record and a text of 284 kB that nobody reads", "text", 1, ALL_BUSES[:130]),
    "read": ("pages of 1,000 records, of which 130 buses in 1,531 are kept", "rows", 1000, ALL_BUSES[-130:]),
    "stored": ("pages of 1,000 records, all of them stored", "rows", 1000, ALL_BUSES),
}


def build(scratch):
    compiler = shutil.which("cc") or shutil.which("clang") or fail("there is no C compiler for Benchmarks/pages.c")
    program = os.path.join(scratch, "pages")
    subprocess.run([compiler, "-O2", "-o", program, os.path.join(ROOT, "Benchmarks/pages.c")], check=True)
    return program


def target(day, page):
    return f"/costo-marginal-online/v4/findByDate?startDate={day}&endDate={day}&page={page}&limit=4000"


class Upstream:
    def __init__(self, program, scratch, records, pages, kind, latency=LATENCY_MS):
        self.port = free_port()
        log = os.path.join(scratch, "pages.log")
        self.process = start([program, str(self.port), str(latency), str(records), str(pages), kind], log)
        # The first request of a day makes its pages.
        for day in DAYS:
            await_answer(f"http://127.0.0.1:{self.port}{target(day, 0)}", self.process, log)

    def limit(self, flights):
        """How much longer than the latency one of its pages takes wrk, with so many connections."""
        said = subprocess.run(
            ["wrk", "-t1", f"-c{flights}", "-d1s", f"http://127.0.0.1:{self.port}{target(DAYS[0], 1)}"], capture_output=True, text=True,
            check=True).stdout
        requests, seconds = re.search(r"(\d+) requests in ([\d.]+)s", said).groups()
        return float(seconds) / math.ceil(int(requests) / flights) / (LATENCY_MS / 1e3)


class Run:
    """The service with one upstream and an empty store, for one ingestion."""

    def __init__(self, upstream, buses, flights, redis_port):
        self.scratch = tempfile.mkdtemp(prefix="gapless-pages-", dir="/tmp")
        os.chmod(self.scratch, 0o755)  # Postgres runs as another user
        port, log = free_port(), os.path.join(self.scratch, "service.log")
        process = start([PROGRAM, "serve"], log, {
            "GAPLESS_DATA_DIR": os.path.join(self.scratch, "data"), "GAPLESS_PORT": str(port), "GAPLESS_CLOCK": NOW, "GAPLESS_SCHEDULES": "off",
            "SIP_API_KEY": "bench", "SIP_BASE_URL": f"http://127.0.0.1:{upstream.port}",
            "KRAKEN_BASE_URL": f"http://127.0.0.1:{upstream.port}", "CMG_NODES": ",".join(buses),
            "SIP_RATE_LIMIT": "1000000/PT1H", "SIP_CONCURRENCY": str(flights), "REDIS_URL": f"redis://127.0.0.1:{redis_port}"})
        self.service = Server("gapless", process, port, log, is_yardstick=False)
        await_answer(self.service.base + "/readyz", process, log)

    def cpu_ns(self):
        """Of the threads that work and decode: the others answer only us who look whether it has ended."""
        total, tasks = 0, f"/proc/{self.service.process.pid}/task"
        for thread in os.listdir(tasks):
            with open(f"{tasks}/{thread}/comm") as comm, open(f"{tasks}/{thread}/schedstat") as stat:
                total += int(stat.read().split()[0]) if comm.read().strip() in ("work", "decode") else 0
        return total

    def ingest(self, first, last):
        """Seconds, the working threads' CPU nanoseconds, requests made, rows written."""
        begun, used = time.monotonic(), self.cpu_ns()
        job = ask(self.service.base + "/v1/ingestions", {"dataset": "cmg", "from": first, "to": last})
        while job["finished_at"] is None:
            if time.monotonic() - begun > 300:
                fail(f"the pages were not fetched within five minutes: {job}")
            time.sleep(0.005)
            job = ask(f"{self.service.base}/v1/ingestions/{job['id']}")
        took = time.monotonic() - begun
        return {"seconds": took, "cpu_ns": self.cpu_ns() - used, "requests": job["progress"]["requests"]["done"],
                "rows": job["records"]["written"], "status": job["status"]}

    def end(self):
        stop(self.service.process)
        shutil.rmtree(self.scratch, ignore_errors=True)


def one(upstream, buses, flights, redis_port):
    run = Run(upstream, buses, flights, redis_port)
    try:
        fetch(f"http://127.0.0.1:{upstream.port}/_span")
        row = run.ingest(DAYS[0], "2025-12-04")
        row["memory"] = run.service.memory("VmHWM") / 1024
    finally:
        run.end()
    row["span"], row["pages"] = (int(word) for word in fetch(f"http://127.0.0.1:{upstream.port}/_span")[0].split())
    row["bound"] = math.ceil(row["requests"] / flights) * LATENCY_MS / 1e3
    row["fetching"], row["whole"] = row["span"] / 1e9 / row["bound"], row["seconds"] / row["bound"]
    row["cpu"] = row["cpu_ns"] / 1e6 / row["requests"]
    return row


def measure(figures, redis_port):
    scratch = tempfile.mkdtemp(prefix="gapless-pages-", dir="/tmp")
    try:
        program = build(scratch)
        for mode, (words, kind, records, buses) in MODES.items():
            upstream = Upstream(program, scratch, records, PAGES, kind)
            try:
                table(figures, mode, words, upstream, buses, redis_port)
            finally:
                stop(upstream.process)
        full_day(figures, program, scratch, redis_port)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def table(figures, mode, words, upstream, buses, redis_port):
    limits = {flights: upstream.limit(flights) for flights in FLIGHTS}
    rows = {flights: [] for flights in FLIGHTS}
    for number in range(load.ROUNDS):
        for flights in FLIGHTS:
            # One page after another takes 22 s each time, and the spread is small: once is enough but for the first mode.
            if flights > 1 or number < (3 if mode == "fetched" else 1):
                rows[flights].append(one(upstream, buses, flights, redis_port))
    figures.say(f"\n**Pages {mode}**: {words}; 3 days of two sources of {PAGES} pages of 280 kB, each answered {LATENCY_MS} ms after its request\n")
    figures.say("| in flight | pages | first request to last answer / bound | from trigger to end / bound | seconds | wrk / bound | "
                "CPU ms a page | rows stored | memory MB |")
    figures.say("|---|---|---|---|---|---|---|---|---|")
    for flights, taken in rows.items():
        def spread(key, form):
            return load.spread([row[key] for row in taken], form)
        figures.say(f"| {flights} | {taken[0]['pages']} | **{spread('fetching', '.2f')}** | **{spread('whole', '.2f')}** | "
                    f"{spread('seconds', '.2f')} | {limits[flights]:.2f} | {spread('cpu', '.2f')} | {taken[0]['rows']:,} | {spread('memory', '.0f')} |")
        wanted = GOALS[mode].get(flights)
        if wanted:
            # What is only fetched ends with the last answer; what is read and stored, when the ingestion has ended.
            key = "fetching" if mode == "fetched" else "whole"
            figures.goal(f"pages {mode}, {flights} in flight: time / latency bound", [row[key] for row in taken], most=wanted)
        if mode in CPU_GOALS:
            figures.goal(f"pages {mode}, {flights} in flight: CPU ms a page", [row["cpu"] for row in taken], most=CPU_GOALS[mode],
                         gate=flights == 8)


def full_day(figures, program, scratch, redis_port):
    """A day of 38 pages of 4,000 rows (151,584 records: 1,579 buses), answered at once: what is left is our own time."""
    figures.say("\n**A full-size day**: 38 pages of 4,000 records of each of two sources, 304,000 in all, from an upstream without latency\n")
    figures.say("| buses kept | rows stored | seconds | working threads' CPU s | rows scanned/s |")
    figures.say("|---|---|---|---|---|")
    upstream = Upstream(program, scratch, 4000, 38, "rows", latency=0)
    try:
        for buses in (9, 1579):
            taken = []
            for _ in range(load.ROUNDS):
                run = Run(upstream, [f"BUS{number:05}" for number in range(1579)][-buses:], 8, redis_port)
                try:
                    taken.append(run.ingest("2025-12-02", "2025-12-03"))
                finally:
                    run.end()
            cpu = load.spread([row["cpu_ns"] / 1e9 for row in taken], ".2f")
            figures.say(f"| {buses:,} | {taken[0]['rows']:,} | {load.spread([row['seconds'] for row in taken], '.2f')} | {cpu} | "
                        f"{load.spread([304_000 / row['seconds'] for row in taken])} |")
            figures.goal(f"a full-size day, {buses:,} buses kept: seconds", [row["seconds"] for row in taken], most=5.0)
    finally:
        stop(upstream.process)
