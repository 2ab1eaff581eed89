"""The rows: each a kind of load on the program and its yardsticks, with the goals that it has to meet."""
import os
import time

import load
from servers import ask, fail, fetch, redis_fact

NODES = ["DALCAHUE______110", "CHILOE________220", "QUELLON_______110"]
# Bodies of about 200 B and 20 kB: two hours as CSV, and five and a half days as JSON.
SMALL = f"/v1/cmg/history?node={NODES[0]}&source=online&from=2025-12-01&to=2025-12-01T02:00:00-03:00&format=csv"
LARGE = f"/v1/cmg/history?node={NODES[0]}&source=online&from=2025-12-01&to=2025-12-06T12:00:00-03:00"
SIZES = [("200 B", SMALL), ("20 kB", LARGE)]
# Each of two loops keeps up to 32 MB of what it answered, some 1,590 answers of 20 kB. A sweep comes back to a target only after
# a loop has answered its share of all others, half of them as a rule: of so many, about one in a hundred is still there.
SWEPT = 12_000


def await_hit(server, target):
    """The first answers fill the caches of all loops; a hit is what is measured."""
    for _ in range(40):
        body, fields = fetch(server.base + target)
        if "; hit" in fields.get("Cache-Status", ""):
            return body, fields
        time.sleep(0.05)
    fail(f"a cached answer should be a hit, and says: {fields.get('Cache-Status')}")


def from_memory(figures, servers, pinned):
    way = "each server on one core, wrk on the other" if pinned else "not pinned"
    for index, (size, target) in enumerate(SIZES):
        def measure(server, index=index, target=target):
            return lambda: load.wrk(server, server.path(target, index), pinned)
        rows = load.rounds({server.name: measure(server) for server in servers})
        await_hit(servers[0], target)
        figures.table(f"{size} from memory, {way}", rows)
        if pinned:
            figures.goal_ratio(f"{size}: CPU a request / nginx", rows, "nginx", "cpu", most=1.0, gate=True)
            figures.goal_ratio(f"{size}: requests/s / nginx, pinned", rows, "nginx", "rate", least=1.0)
            figures.goal_ratio(
                f"{size}: CPU a request / Hummingbird", rows, "Hummingbird", "cpu", most=(1 / 4, 1 / 3.5)[index], gate=True)
        else:
            figures.goal_ratio(f"{size}: CPU a request / nginx, not pinned", rows, "nginx", "cpu", most=1.0)
        way_word = "pinned" if pinned else "not pinned"
        figures.goal_ratio(f"{size}: requests/s / Hummingbird, {way_word}", rows, "Hummingbird", "rate", least=(3.5, 2.2)[index])


def pipelined(figures, servers):
    def measure(server):
        return lambda: load.wrk(server, server.path(SMALL, 0), True, ("pipeline.lua", "16"))
    rows = load.rounds({server.name: measure(server) for server in servers})
    for taken in rows.values():
        for row in taken:
            del row["p50"]  # wrk counts from the first of sixteen
    figures.table("200 B, 16 requests pipelined, each server on one core, wrk on the other", rows)
    figures.goal_ratio("pipelined 16 deep: requests/s / nginx", rows, "nginx", "rate", least=5.0, gate=True)
    figures.goal("pipelined 16 deep: CPU us a request", [row["cpu"] for row in rows["gapless"]], most=2.5, gate=True)


def sweep_targets():
    """Ranges of five and a half days, one beginning with every hour of the months before December."""
    targets = []
    for hour in range(SWEPT // len(NODES)):
        first = time.gmtime(1_740_801_600 + hour * 3600)  # 2025-03-01T04:00Z
        last = time.gmtime(1_740_801_600 + (hour + 132) * 3600)
        begin, end = time.strftime("%Y-%m-%dT%H:00:00Z", first), time.strftime("%Y-%m-%dT%H:00:00Z", last)
        targets += [f"/v1/cmg/history?node={node}&source=online&from={begin}&to={end}" for node in NODES]
    return targets


class Sweep:
    """Asks for so many targets in turn that the program's own copies of answers cannot hold them: the one way to see, from outside,
    what an answer out of Redis costs. Each round goes on where the one before ended. How much did come out of Redis is Redis's own
    count. nginx is sent the very same targets and answers all with one body of that size."""

    def __init__(self, service, nginx, redis_port, scratch):
        self.redis_port, self.service = redis_port, service
        self.targets = sweep_targets()
        self.next, self.asked, self.found = 0, 0, 0
        self.files = {}
        for server in (service, nginx):
            self.files[server.name] = os.path.join(scratch, f"sweep-{server.name}")
            with open(self.files[server.name], "w") as out:
                out.writelines(server.path(target, 1) + "\n" for target in self.targets)

    def fill(self):
        """Every target asked for until Redis holds them all."""
        for target in self.targets[:: len(self.targets) // 7]:
            body, _ = fetch(self.service.base + target)
            if not 19_000 < len(body) < 21_000:
                fail(f"{target} should answer about 20 kB, and answers {len(body)} B")
        begun = time.monotonic()
        while int(redis_fact(self.redis_port, "db0").split("keys=")[-1].split(",")[0] or 0) < len(self.targets):
            if time.monotonic() - begun > 300:
                fail("Redis does not come to hold all targets of the sweep")
            self.measure(self.service, self.full)
        self.asked, self.found = 0, 0

    def full(self, server):
        return load.wrk(server, "/", False, ("sweep.lua", self.files[server.name], str(self.next)))

    def measure(self, server, take):
        """One round; `take` measures a server and tells how many requests it made."""
        before = int(redis_fact(self.redis_port, "keyspace_hits"))
        row = take(server)
        if server is self.service:
            self.found += int(redis_fact(self.redis_port, "keyspace_hits")) - before
            self.asked += row["requests"]
            self.next = (self.next + row["requests"]) % len(self.targets)
        return row

    def share(self):
        share = self.found / self.asked
        self.asked, self.found = 0, 0
        if share < 0.95:
            fail(f"only {share:.0%} of the sweep's answers came out of Redis: the rest was in the program's memory")
        return f"({len(self.targets):,} targets in turn; {share:.1%} of the answers came out of Redis, by its own count)"


def through_redis(figures, service, nginx, sweep):
    rows = load.rounds({server.name: lambda server=server: sweep.measure(server, sweep.full) for server in (service, nginx)})
    figures.table("20 kB out of Redis, not pinned", rows, sweep.share())
    figures.goal_ratio("20 kB out of Redis: requests/s / nginx from memory", rows, "nginx", "rate", least=0.6)
    figures.goal_ratio("20 kB out of Redis: CPU a request / nginx from memory", rows, "nginx", "cpu", most=1.3, gate=True)


def at_fixed_rate(figures, service, nginx, program, sweep, scratch):
    """1,000 requests/s, 20 kB, 16 connections, open loop."""
    files = {}
    for server in (service, nginx):
        files[server.name] = os.path.join(scratch, f"one-{server.name}")
        with open(files[server.name], "w") as out:
            out.write(server.path(LARGE, 1) + "\n")

    def swept(server):
        return load.fixed_rate(program, server, sweep.files[server.name], sweep.next)
    rows = load.rounds({
        "gapless": lambda: load.fixed_rate(program, service, files["gapless"], 0),
        "gapless, out of Redis": lambda: sweep.measure(service, swept),
        "nginx": lambda: load.fixed_rate(program, nginx, files["nginx"], 0),
    })
    redis = rows.pop("gapless, out of Redis")
    figures.table("20 kB at 1,000 requests/s over 16 connections, from memory", rows)
    figures.goal_ratio("p50 at 1,000 requests/s / nginx", rows, "nginx", "p50", most=1.1, gate=True)
    rows = {"gapless": redis, "nginx": rows["nginx"]}
    figures.table("20 kB at 1,000 requests/s over 16 connections, out of Redis", rows, sweep.share())
    figures.goal_ratio("p50 at 1,000 requests/s out of Redis / nginx from memory", rows, "nginx", "p50", most=2.0, gate=True)


def with_access_log(figures, service, nginx):
    """Both write a line for every request, to a file."""
    for index, (size, target) in enumerate(SIZES):
        await_hit(service, target)
        def measure(server, index=index, target=target):
            return lambda: load.wrk(server, server.path(target, index), True)
        rows = load.rounds({server.name: measure(server) for server in (service, nginx)})
        if os.path.getsize(service.log) < 10_000:
            fail("the access log is on, and nothing is in it")
        figures.table(f"{size} from memory, both with their access log, each server on one core, wrk on the other", rows)


def ingest(figures, service, ranges):
    figures.say("\n**Ingestion**, from the request to its end, out of the sandbox on the same machine\n")
    figures.say("| | rows | requests | seconds | rows/s | service's CPU us a row |")
    figures.say("|---|---|---|---|---|---|")
    for name, first, last in ranges:
        begun, used = time.monotonic(), service.cpu_ns()
        job = ask(service.base + "/v1/ingestions", {"dataset": "cmg", "from": first, "to": last})
        while job["finished_at"] is None:
            if time.monotonic() - begun > 600:
                fail(f"the ingestion did not end within ten minutes: {job}")
            time.sleep(0.01)
            job = ask(f"{service.base}/v1/ingestions/{job['id']}")
        seconds, used = time.monotonic() - begun, service.cpu_ns() - used
        rows = job["records"]["written"]
        if job["status"] not in ("succeeded", "partial", "complete", "completed"):
            fail(f"the ingestion of {name} ended as {job['status']}")
        figures.say(f"| {name} | {rows:,} | {job['progress']['requests']['done']} | {seconds:.2f} | {rows / seconds:,.0f} | "
                    f"{used / 1e3 / max(rows, 1):.1f} |")
