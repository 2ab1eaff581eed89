"""Weeks of stocks: one hidden truth rebuilt under faults and kills, plans that are as small as they can be, and the key's five a minute."""
import collections
import datetime
import os
import random
import signal
import time

from . import equities, gauge, wire
from .candles import lines
from .equities import Held, Market, differences
from .floor import ODD, Floor, at
from .table import Unusable

DAY = datetime.timedelta(days=1)
# What may befall a request; each run has some of it.
WEATHER = [
    {}, {"http_500_rate": 0.1, "http_503_rate": 0.1}, {"http_429_rate": 0.1}, {"http_429_rate": 0.1, "empty_429": True},
    {"reset_rate": 0.1, "truncated_rate": 0.15}, {"garbage_rate": 0.2}, {"garbage_rate": 0.3, "garbage": ["html"]},
    {"wrong_ticker_rate": 0.15}, {"wrong_counts_rate": 0.3}, {"page_size": 9}, {"page_size": 30, "repeated_bar_rate": 0.5},
    {"page_size": 40, "looping_cursor_rate": 0.3}, {"page_size": 21, "empty_last_page": True},
    {"page_size": 25, "next_url_base": "http://127.0.0.1:9"}, {"grouped_lacking": 200}, {"grouped_forbidden": True}, {"delayed": True},
    {"stranger_rate": 0.3}, {"off_midnight_rate": 0.3}, {"unknown_ticker": "not_found"}, {"stall_rate": 0.1, "stall_ms": 700}]
# What befalls a session of a ticker is the same each time it is asked for.
LASTING = {
    "duplicate_rate": 0.02, "conflicting_rate": 0.01, "contradictory_rate": 0.01, "empty_cell_rate": 0.01, "lost_session_rate": 0.01,
    "partial_today": True, "late_corrections": True}
# A split of an odd ratio shows by a session alone that is asked for again across it.
RATIOS, ODD_RATIOS = [2, 3, 4, 10, 1.5, 0.1, 0.05], [1.1, 1.05, 1.13]
HISTORY, WEEKS = 90, 2
# Hours after which nothing of the distances after which is asked again is left: an hour, six, a day, a week, thirty days.
LATER = [2, 8, 30, 8 * 24, 31 * 24]


class Weeks:
    """What is done on each day, and what is known of it."""

    def __init__(self, options, seed):
        self.dice = random.Random(seed)
        self.begin = datetime.date(2025, 7, 7) + self.dice.randrange(30) * DAY
        while self.begin.weekday() > 4:
            self.begin += DAY
        self.first, self.last = self.begin - HISTORY * DAY, self.begin + 7 * WEEKS * DAY
        self.floor = Floor(options, f"truth-{seed}", seed, at(self.begin, "20:20"), self.dice)
        self.splits = self.choose_splits()
        self.versions, self.gone_by, self.old, self.measured, self.kills, self.runs = {}, [], [], 0, 0, 0

    def choose_splits(self):
        """Of tickers that are traded throughout, so that each has a bar before and behind it."""
        names = self.dice.sample([name for name in self.floor.tickers if not self.floor.listings[name]["last"]
                                  and not self.floor.listings[name]["thin"] and self.floor.listings[name]["first"] < str(self.first)], 4)
        days = self.floor.sessions(self.begin - 30 * DAY, self.begin)
        splits = [{"ticker": names[0], "date": self.dice.choice(days), "ratio": self.dice.choice(RATIOS)}]
        for name in names[1:]:
            day = self.begin + self.dice.randrange(1, 7 * WEEKS - 3) * DAY
            while day.weekday() > 4:
                day += DAY
            splits.append({"ticker": name, "date": day.isoformat(), "ratio": self.dice.choice(RATIOS + ODD_RATIOS)})
        return splits

    def weather(self):
        faults = {}
        for one in self.dice.sample(WEATHER, self.dice.choice([0, 0, 1, 2, 3])):
            faults.update(one)
        return faults

    def move(self, moment, faults):
        self.floor.move(moment, splits=self.splits, **LASTING, **faults)

    def run(self, begin, last, *words):
        code, requests = self.floor.ingest(begin, last, *words)
        self.runs += 1
        self.look()
        return code, requests

    def look(self):
        """What a value was before it was another one."""
        now = equities.stored(self.floor.house)
        for key, values in self.versions.items():
            if now.get(key) != values:
                self.gone_by.append((key, values))
        self.versions = now

    def killed(self, begin, last):
        """In the middle of its requests; its calls are taken up when their lease is over."""
        self.floor.change(stall_rate=0.5, stall_ms=1500)
        process = self.floor.start("ingest", "equities", "--yes", "--start-date", str(begin), "--end-date", str(last))
        before = self.floor.asked()
        gauge.seconds_until(lambda: self.floor.asked() > before + self.dice.randrange(4) or process.poll() is not None, 20, 0.02)
        if process.poll() is None:
            self.kills += 1
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
        self.floor.change(stall_rate=0)

    def live(self):
        """First load, then evenings and mornings. Some are missed, but no two mornings in a row: of older days none asks for corrections."""
        kill = self.dice.randrange(1, 7 * WEEKS)
        self.move(at(self.begin, "20:20"), self.weather())
        if self.dice.random() < 0.3:
            kill = 1 << 20
            self.killed(self.first, self.begin)
        self.run(self.first, self.begin)
        day, missed = self.begin + DAY, False
        while day <= self.last:
            odd = any(split["date"] == day.isoformat() and split["ratio"] in ODD_RATIOS for split in self.splits)
            missed = not missed and not odd and self.dice.random() < 0.2
            if not missed:
                self.move(at(day, "09:15"), {} if odd else self.weather())
                self.run(day - 4 * DAY, day - DAY, "--refresh")
            if day.weekday() < 5 and self.dice.random() < 0.1:
                # Bars of a session that is not over.
                self.move(at(day, "15:07"), self.weather())
                names = self.dice.sample(self.floor.tickers, 3)
                self.run(day - 6 * DAY, day, "--refresh", "--ticker", ",".join(names))
            if day.weekday() < 5 and self.dice.random() < 0.8:
                faults = self.weather()
                self.move(at(day, "20:20"), faults)
                if (day - self.begin).days >= kill:
                    kill = 1 << 20
                    self.killed(day - 30 * DAY, day)
                # What lacks of the last month, then what lacks of all.
                self.run(day - 30 * DAY, day)
                self.run(self.first, day)
                if not faults:
                    self.measure(day)
            day += DAY

    def measure(self, day):
        """In the evening of a split all that is held of its ticker is told by the new shares."""
        for split in self.splits:
            if split["date"] <= day.isoformat():
                truth = Market(self.floor.house.sandbox_port, [split["ticker"]], str(self.first), str(day), self.floor.lives)
                self.measured += 1
                self.old += [(str(day), split, key, values[0], truth.bars[key][0]) for key, values in self.versions.items()
                             if key in truth.served and values[0] != truth.bars[key][0]][:1]

    def settle(self):
        """Nothing goes wrong any more: until nothing is asked. The moment moves past all that rests."""
        moment = at(self.last + DAY, "09:15")
        self.move(moment, {})
        self.run(self.last - 3 * DAY, self.last, "--refresh")
        for hours in LATER:
            self.drain()
            moment += datetime.timedelta(hours=hours)
            self.move(moment, {})
        self.drain()

    def drain(self):
        for _ in range(6):
            if self.run(self.first, self.last)[1] == 0:
                break

    def heal(self):
        """What was refused and what was lost is told rightly now; a month later it is asked for."""
        self.floor.move(at(self.last + 90 * DAY, "12:00"), splits=self.splits, late_corrections=True)
        self.drain()


def rebuilt(options, seed, table):
    """Bars equal the truth, exactly; what was replaced is kept, what was refused is in the quarantine, what is not there is absent."""
    began, weeks = time.monotonic(), Weeks(options, seed)
    floor = weeks.floor
    try:
        weeks.live()
        weeks.settle()
        compared(weeks, seed, table, "faults of sessions")
        weeks.heal()
        compared(weeks, seed, table, "healed")
        kept = equities.replaced(floor.house)
        table.none(f"seed {seed}: replaced, and no revision", [line for line in weeks.gone_by if line[1] not in kept[line[0]]])
        restated(weeks, seed, table, kept)
        table.none(f"seed {seed}: evenings of {weeks.measured} with bars of before a split", weeks.old)
        table.note(f"{len(weeks.versions)} bars, {sum(map(len, kept.values()))} revisions; {weeks.runs} runs, {weeks.kills} kills, "
                   f"{floor.asked()} requests, {time.monotonic() - began:.0f} s")
    finally:
        finish(floor, table)


def compared(weeks, seed, table, when):
    """The store against the truth, all its columns, its coverage and its quarantine; and a run more asks nothing."""
    floor, first, last = weeks.floor, str(weeks.first), str(weeks.last)
    _, requests = weeks.run(first, last)
    table.row(f"seed {seed}: {when}: requests of a run more", 0, requests, requests == 0)
    floor.serve()
    today = floor.moment.date().isoformat()
    truth = Market(floor.house.sandbox_port, floor.tickers, first, today, floor.lives)
    found = differences(truth, Held(floor.house, floor.tickers, first, today), last)
    for kind in ("missing", "extra", "wrong", "twice", "provisional", "coverage", "absent though told", "silent, and not absent",
                 "refused, and not in quarantine", "in quarantine, and not refused", "refused, by coverage"):
        table.none(f"seed {seed}: {when}: {kind}", found.get(kind, []))
    reported(floor, f"{seed}: {when}", table, truth, first, last)
    floor.house.stop_service()
    table.none(f"seed {seed}: {when}: verify", floor.verified())
    table.note(f"{len(truth.served)} served, {len(truth.fates['refused'])} refused, {len(truth.silent)} silent")


def reported(floor, seed, table, truth, first, last):
    """The report's figures of each ticker: present are the bars served, missing is what is refused."""
    status, report = wire.ask(
        floor.house.port, f"/v1/equities/completeness?from={first}&to={equities.following(last)}&group_by=ticker", timeout=60)
    if status != 200:
        raise Unusable(f"no report: {status} {report}")
    served = collections.Counter(ticker for ticker, day in truth.served if day <= last)
    wrong = []
    for group in report["data"] if "data" in report else report["groups"]:
        ticker = group["key"]["ticker"] if isinstance(group["key"], dict) else group["key"]
        if group["present"] != served[ticker]:
            wrong.append((ticker, "present", group["present"], served[ticker]))
    table.none(f"seed {seed}: tickers with other figures in the report", wrong)


def restated(weeks, seed, table, kept):
    """Each bar that was held before its split came to be known was once told by the old measure, and that is kept."""
    lost, seen = [], 0
    for split in weeks.splits[1:]:
        ratios = [max(values[1] / weeks.versions[key][1], weeks.versions[key][1] / values[1])
                  for key in weeks.versions if key[0] == split["ticker"] and str(weeks.first) <= key[1] < str(weeks.begin)
                  for values in [next(iter(sorted(kept[key])), None)] if values]
        far = max(split["ratio"], 1 / split["ratio"])
        if not any(abs(float(ratio) / far - 1) < 0.03 for ratio in ratios):
            lost.append(split)
        seen += 1
    table.none(f"seed {seed}: {seen} splits, of which nothing is kept", lost)


def finish(floor, table):
    for line in floor.close():
        table.note(line)
    if not table.broken:
        floor.house.remove()


# MARK: As few requests as there can be


def steady(floor):
    """Tickers that are always there and always traded."""
    names = [name for name, one in floor.listings.items() if not one["last"] and not one["thin"] and not one["formerly"]
             and one["kind"] in ("builtin", "generated") and one["first"] < "2024-01-01" and name not in ODD]
    return ["AAPL", "BRK.B"] + floor.dice.sample(names, 38)


def bounded(options, seed, table):
    """Plans for random holes ask as often as they must, and not once more; an evening costs one request, five missed ones five."""
    dice = random.Random(seed)
    last = datetime.date(2025, 6, 2) + dice.randrange(20) * 7 * DAY
    first = last - 150 * DAY
    floor = Floor(options, f"bound-{seed}", seed, at(last, "20:20"), dice, steady)
    try:
        days = [day for day in floor.sessions(first, last + DAY)]
        wanted = min(len(floor.tickers), len(days))
        code, requests = floor.ingest(first, last)
        table.row(f"seed {seed}: requests of the first load", wanted, requests, requests == wanted and code == 0)
        for kind in ("small", "wide"):
            holes = lose(floor, dice, days, kind)
            fill(floor, seed, table, kind, holes, first, last)
        evening = next(day for day in future(last + DAY, floor))
        floor.move(at(evening, "20:20"))
        code, requests = floor.ingest(evening - 30 * DAY, evening)
        table.row(f"seed {seed}: requests of an evening", 1, requests, requests == 1 and code == 0)
        missed = list(future(evening + DAY, floor))[:5]
        floor.move(at(missed[-1], "20:20"))
        code, requests = floor.ingest(missed[-1] - 30 * DAY, missed[-1])
        table.row(f"seed {seed}: requests after five evenings missed", 5, requests, requests == 5 and code == 0)
        floor.serve()
        begin, end = str(first), str(missed[-1])
        found = differences(Market(floor.house.sandbox_port, floor.tickers, begin, end), Held(floor.house, floor.tickers, begin, end), end)
        table.none(f"seed {seed}: differences", [f"{kind}: {keys[:2]}" for kind, keys in found.items()])
        table.none(f"seed {seed}: verify", floor.verified())
    finally:
        finish(floor, table)


def future(day, floor):
    """The next days of trading: no holiday but these lies in the trial's weeks."""
    closed = {"2025-06-19", "2025-07-04", "2025-09-01", "2025-11-27"}
    for _ in range(14):
        if day.weekday() < 5 and day.isoformat() not in closed:
            yield day
        day += DAY


def lose(floor, dice, days, kind):
    """Bars that somebody deleted: few tickers, so that all choices can be tried; or many, by dice and by stretches."""
    if kind == "small":
        names, rate = dice.sample(floor.tickers, 9), dice.choice([0.05, 0.1, 0.3])
        within = dice.sample(days, 14)
        holes = {(name, day) for name in names for day in within if dice.random() < rate}
    else:
        rate = dice.choice([0.002, 0.01, 0.05])
        holes = {(name, day) for name in floor.tickers for day in days if dice.random() < rate}
        for name in dice.sample(floor.tickers, 6):
            start = dice.randrange(len(days))
            holes |= {(name, day) for day in days[start:start + 20]}
        for day in dice.sample(days, 5):
            holes |= {(name, day) for name in dice.sample(floor.tickers, 20)}
    values = ",".join(f"('{name}', '{day}'::date)" for name, day in holes)
    floor.house.psql(
        f"delete from equity_bars b using series s, (values {values}) v (ticker, day) where s.id = b.series_id and s.key[1] = v.ticker"
        " and (b.time at time zone 'America/New_York')::date = v.day")
    floor.run("verify", "equities", "--repair")
    return holes


def fill(floor, seed, table, kind, holes, first, last):
    wanted = equities.least(holes)
    if kind == "small":
        table.row(f"seed {seed}: {kind}: the least, twice counted", equities.least_by_trying(holes), wanted,
                  equities.least_by_trying(holes) == wanted)
    floor.serve()
    status, plan = wire.ask(floor.house.port, "/v1/plans", "POST", {
        "dataset": "equities", "from": str(first), "to": equities.following(str(last))}, timeout=60)
    if status not in (200, 201):
        raise Unusable(f"no plan: {status} {plan}")
    shown = wire.ask(floor.house.port, f"/v1/plans/{plan['id']}", timeout=60)[1]
    floor.house.stop_service()
    table.row(f"seed {seed}: {kind}: missing bars in the plan", len(holes), plan["gaps"]["slots"], plan["gaps"]["slots"] == len(holes))
    total = plan["totals"]["requests"]
    table.row(f"seed {seed}: {kind}: requests planned", wanted, total, total == wanted)
    bound = plan["lower_bound"]["requests"] if isinstance(plan["lower_bound"], dict) else plan["lower_bound"]
    table.row(f"seed {seed}: {kind}: bound", f"{wanted} proven", f"{bound} {plan['optimality']}",
              bound == wanted and plan["optimality"] == "proven")
    table.none(f"seed {seed}: {kind}: faults of the proof", proof_faults(shown.get("proof"), holes, wanted))
    requests = floor.ingest(first, last)[1]
    table.row(f"seed {seed}: {kind}: requests made", wanted, requests, requests == wanted)
    requests = floor.ingest(first, last)[1]
    table.row(f"seed {seed}: {kind}: requests of a run more", 0, requests, requests == 0)


def proof_faults(proof, holes, wanted):
    """Each is missing; no ticker and no session has more of them than its call costs; together they are the requests."""
    if proof is None:
        return ["there is none"] if holes else []
    told = [(one["series"]["ticker"], one["from"][:10], one["requests"]) for one in proof["first"]]
    faults = [("not missing", one) for one in told if one[:2] not in holes]
    for place in (0, 1):
        load = collections.Counter()
        for one in told:
            load[one[place]] += one[2]
        faults += [("more than one call can carry", *one) for one in load.items() if one[1] > 1]
    if proof["requests"] != wanted or proof["holes"] <= 100 and sum(one[2] for one in told) != wanted:
        faults.append(("requests", proof["requests"], sum(one[2] for one in told), wanted))
    return faults


# MARK: Five a minute


def budgeted(options, seed, table):
    """Two processes on one store, a clock that runs: never refused, never more than five within any minute of the sandbox's clock."""
    dice = random.Random(seed)
    last = datetime.date(2025, 6, 2) + dice.randrange(20) * 7 * DAY
    speed, first = 60, last - 60 * DAY
    floor = Floor(options, f"budget-{seed}", seed, at(last, "20:20"), dice, lambda floor: steady(floor)[:24], {
        "POLYGON_RATE_LIMIT": "5/PT1M", "MAX_RETRIES": "8"}, speed)
    try:
        for name, faults in (("calm", {}), ("500s", {"http_500_rate": 0.25, "page_size": 20})):
            last += 28 * DAY
            floor.move(at(last, "20:20"), requests_per_minute=5, **faults)
            minutely(floor, seed, table, name, first, last)
    finally:
        finish(floor, table)


def minutely(floor, seed, table, name, first, last):
    """One process works what another one files and works too."""
    began, other = time.monotonic(), floor.start("serve", "--role", "worker")
    floor.more["MAX_WORKERS"] = "3"
    code, requests = floor.ingest(first - (30 * DAY if name != "calm" else 0 * DAY), last)
    floor.house.end_process(other)
    log = floor.calls()
    times = sorted(datetime.datetime.fromisoformat(one["time"].replace("Z", "+00:00")).timestamp() for one in log["calls"])
    most = max((sum(moment <= other < moment + 60 for other in times) for moment in times), default=0)
    table.row(f"seed {seed}: {name}: requests refused", 0, log["refused"], log["refused"] == 0)
    # Instants of the log are whole seconds: what is a minute apart may seem less.
    inner = max((sum(moment <= other < moment + 59 for other in times) for moment in times), default=0)
    table.row(f"seed {seed}: {name}: most requests within a minute", "<= 5", f"{most} ({inner})", inner <= 5)
    spent = (times[-1] - times[0]) / 60 if times else 0
    table.row(f"seed {seed}: {name}: it works on", "> 20 requests", len(times), len(times) > 20 and code in (0, 3))
    table.note(f"{len(times)} requests in {spent:.1f} minutes of the clock, {time.monotonic() - began:.0f} s")
