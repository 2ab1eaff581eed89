"""Products: one hidden truth rebuilt under faults, kills, and prices and plans that change."""
import collections
import datetime
import decimal
import time

from . import keepa
from .candles import lines
from .products import Shelves, instant

PERIOD, DAYS_OF_HISTORY = 2 * 3600, 1
# What may befall a request; each run has all of it.
WEATHER = {
    "http_429_rate": 0.04, "http_500_rate": 0.05, "http_503_rate": 0.05, "reset_rate": 0.04, "truncated_rate": 0.04, "garbage_rate": 0.05,
    "stall_rate": 0.04, "stall_ms": 800, "shuffled_rate": 0.3, "missing_rate": 0.02, "doubled_rate": 0.05, "stub_rate": 0.01,
    "wrong_type_rate": 0.02}
RATES = {"tax": decimal.Decimal("0.08"), "preparation": decimal.Decimal("1.10"), "shipping": decimal.Decimal("2.50")}


class Hours:
    """Half a day of two-hour periods, and what is done meanwhile."""

    def __init__(self, options, seed, speed=200, periods=6, count=120):
        self.seed, self.periods, self.kills = seed, periods, 0
        # Around the day from which on NEW includes shipping, and others.
        self.buybox = seed % 2 == 0
        day = datetime.datetime(2026, 2, 15, tzinfo=datetime.timezone.utc) if seed % 3 == 0 else datetime.datetime(
            2025, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(days=seed * 37 % 600)
        self.first = int(day.timestamp()) + 20 * 3600
        self.shelves = Shelves(
            options, f"truth-{seed}", seed, self.first - 4 * speed, speed,
            lambda known, unknown, dice: self.choose(known, unknown, dice, count),
            more={"KEEPA_REFRESH_CURRENT": "PT2H", "KEEPA_REFRESH_HISTORY": "P1D", "KEEPA_BUYBOX": "on" if self.buybox else "",
                  "KEEPA_TAX": "0.08", "KEEPA_PREPARATION": "1.10", "KEEPA_SHIPPING": "2.50", "KEEPA_TOKEN_FLOOR": "10",
                  "MAX_RETRIES": "6"})
        self.dice = self.shelves.dice

    def choose(self, known, unknown, dice, count):
        self.unknown = dice.sample(unknown, 5)
        chosen = dice.sample(known, count - 5)
        self.poison = chosen[0]
        self.known = chosen[1:]
        return dice.sample(chosen + self.unknown, count)

    def weather(self):
        """Prices and plans change, and so does what goes wrong."""
        self.shelves.change(**{**WEATHER, "poison": [self.poison]})
        self.shelves.bucket(price=self.dice.choice([1, 2] if self.buybox else [1, 2, 3]), refill_rate=self.dice.choice([5, 25, 25]))

    def live(self):
        shelves = self.shelves
        self.weather()
        both = [shelves.serve("first"), shelves.serve("second")]
        kill = self.dice.randrange(1, self.periods - 1)
        for number in range(self.periods):
            low = self.first + number * PERIOD
            shelves.sleep_until(low + self.dice.randrange(600, 1800))
            if number == kill:
                # In the middle of a period's work; the other goes on. It comes back under its own name.
                which = self.dice.randrange(2)
                shelves.kill(both[which])
                self.kills += 1
                shelves.sleep_until(low + 3600)
                shelves.serve("again")
            shelves.sleep_until(low + PERIOD - 600)
            self.weather()
        # Nothing goes wrong any more, but what is poison.
        self.end = self.first + (self.periods + 1) * PERIOD
        shelves.change(**{name: 0 for name in WEATHER})
        shelves.bucket(refill_rate=25, price=1)
        self.last = self.end - PERIOD
        shelves.sleep_until(self.end - 120)

    def asins_of(self, coverage, group, slots):
        """Products of which the coverage's column has the slot of the last period."""
        sql = (f"select s.key[1] from coverage c join series s on s.id = c.series_id where s.dataset = 'keepa'"
               f" and s.key[2] = '{group}' and c.{coverage} @> {slots}::bigint")
        return set(lines(self.shelves.house, sql))


def rebuilt(options, seed, table, **more):
    """Every row says what the upstream said at the instant that the row names; nothing lacks, is there twice, or waits for ever."""
    began, hours = time.monotonic(), Hours(options, seed, **more)
    shelves = hours.shelves
    try:
        hours.live()
        api = {group: keepa.shown_rows(shelves, group, hours.first - 86400, hours.end) for group in ("current", "history")}
        report = shelves.completeness(hours.last, hours.end, group="current")
        kept = shelves.kept(hours.last, hours.end, PERIOD)
        calls = shelves.calls()
        bucket = shelves.bucket()
        shelves.end()
        rows = keepa.stored(shelves.house)
        present(hours, seed, table, rows, report, kept)
        compared(hours, seed, table, rows, calls)
        as_shown(hours, seed, table, rows, api)
        table.none(f"seed {seed}: verify", shelves.verified())
        silent = lines(shelves.house, "select id, shape from tasks where status = 'parked' and error is null")
        table.none(f"seed {seed}: parked without a reason", silent)
        statuses = collections.Counter(lines(shelves.house, "select status || coalesce(' (' || ended || ')', '') from tasks"))
        table.note(f"tasks {dict(statuses)}; {len(rows)} rows, {len(calls)} requests, {bucket['consumed']} tokens,"
                   f" {bucket['lowest']} left at least, {bucket['refused']} refused, {hours.kills} kills, {time.monotonic() - began:.0f} s")
    finally:
        shelves.finish(table)


def present(hours, seed, table, rows, report, kept):
    """The last period, in which nothing went wrong."""
    slot, name = hours.last // PERIOD, f"seed {seed}: last period"
    there = {asin for asin, group, time in rows if group == "current" and time == hours.last}
    table.none(f"{name}: known, and no row", sorted(set(hours.known) - there))
    table.none(f"{name}: a row of what nobody knows", sorted(there - set(hours.known)))
    table.row(f"{name}: rows", f"{kept[0]} answered", len(there), len(there) == kept[0])
    table.none(f"{name}: unknown, and not absent", sorted(set(hours.unknown) ^ hours.asins_of("absent", "current", slot)))
    table.row(f"{name}: present by the report", len(there), report["present"], report["present"] == len(there))
    reasons = lines(hours.shelves.house, "select distinct s.key[1], q.reason from quarantine q join series s on s.id = q.series_id"
                                         " where q.status = 'open' and q.dataset = 'keepa'")
    mine = {line.split("|")[1] for line in reasons if line.startswith(hours.poison)}
    table.row(f"{name}: the refused product in quarantine", "yes", mine, "refused by the upstream" in mine)
    other = [line for line in reasons if not line.startswith(hours.poison)]
    table.note(f"in quarantine beside it: {len(other)} {sorted({line.split('|')[1] for line in other})}")
    begins = collections.defaultdict(set)
    for asin, group, time in rows:
        if group == "history":
            begins[asin].add(time)
    wanted = hours.end - DAYS_OF_HISTORY * 86400
    # A refused record rests for longer than this lasts.
    resting = set(lines(hours.shelves.house, "select distinct s.key[1] from quarantine q join series s on s.id = q.series_id"
                                             " where q.status = 'open' and s.dataset = 'keepa' and s.key[2] = 'history'"))
    lacking = [asin for asin in hours.known if max(begins[asin], default=0) < wanted]
    table.none(f"{name}: known, and neither a history nor in quarantine", [asin for asin in lacking if asin not in resting])
    table.note(f"{len(lacking)} histories rest")


def compared(hours, seed, table, rows, calls):
    """Each row against the truth at the instant that it names; the sandbox may have looked a little before it said when."""
    shop, wrong = keepa.Shop(hours.shelves, hours.buybox), collections.defaultdict(list)
    heavy, seen, earlier, by_asin = collections.defaultdict(list), 0, 0, collections.defaultdict(list)
    for call in calls:
        if "history=1" in call["query"] and call["status"] == 200:
            for asin in call["query"].split("asin=")[1].split("&")[0].replace("%2C", ",").split(","):
                heavy[asin].append(instant(call["time"]))
    for (asin, group, begin), (said, row) in sorted(rows.items()):
        by_asin[asin].append((said, group, begin, row))
    slack = max(1, int(3 * hours.shelves.speed / 60))
    for asin, held in by_asin.items():
        wanted = sorted({said - 60 * back for said, *_ in held for back in range(slack + 1)} | {time for time in heavy[asin]})
        facts = shop.facts(asin, wanted)
        for said, group, begin, row in held:
            seen += 1
            length = PERIOD if group == "current" else DAYS_OF_HISTORY * 86400
            if not 0 <= said - begin < length:
                wrong["not of the slot in which it was said"].append((asin, group, begin, said))
            if not facts[said]:
                wrong["of a product that nobody knows"].append((asin, group, begin))
                continue
            if group == "current":
                back = light(facts, said, slack, row)
                if isinstance(back, list):
                    wrong["other than the truth"].append((asin, said, back))
                else:
                    earlier += back > 0
                found = {name: value for name, value in keepa.derived(row, RATES).items() if value != row[name]}
                if found:
                    wrong["not what follows from the row"].append((asin, said, found, {name: row[name] for name in found}))
            elif row["title"] != facts[said]["title"].replace("|", "/"):
                wrong["other than the truth"].append((asin, said, "title of history", row["title"], facts[said]["title"]))
            # Of a heavy answer, this one or one before it; none that came after the last that was stored is passed over.
            stored = max((at for at, kind, *_ in held if kind == "history" and at <= said), default=0)
            instants = [said - 60 * back for back in range(slack + 1)] if group == "history" else []
            instants += [at - 60 * back for at in {stored or said, said} for back in range(slack + 1)] if group == "current" else []
            instants += [at for at in heavy[asin] if stored <= at <= said]
            mine = {name: row[name] for name in keepa.HISTORY}
            if not any(facts.get(at) and shop.history(asin, facts[at]) == mine for at in dict.fromkeys(instants)):
                right = shop.history(asin, facts[stored or said])
                wrong["history: other than the truth"].append((asin, group, said, stored, mine, right))
    for kind in ("not of the slot in which it was said", "of a product that nobody knows", "other than the truth",
                 "not what follows from the row", "history: other than the truth"):
        table.none(f"seed {seed}: {kind}", wrong[kind])
    table.note(f"{seen} rows compared, {earlier} of them as it was shortly before")


def light(facts, said, slack, row):
    """How many minutes before the instant it was like that; what differs where it never was."""
    first = None
    for back in range(slack + 1):
        if not facts.get(said - 60 * back):
            continue
        right = keepa.told_row(facts[said - 60 * back])
        right["title"] = right["title"].replace("|", "/")
        found = [(name, row[name], right[name]) for name in right if row[name] != right[name]]
        if not found:
            return back
        first = first or found
    return first or [("nothing is known",)]


def as_shown(hours, seed, table, rows, api):
    """The API shows what is stored, each row once."""
    wrong, count = [], 0
    for group, told in api.items():
        keys = collections.Counter((one["asin"], instant(one["last_seen_utc"])) for one in told)
        wrong += [("twice", group, key) for key, number in keys.items() if number > 1]
        by_key = {(asin, said): row for (asin, kind, _), (said, row) in rows.items() if kind == group}
        for one in told:
            count += 1
            row = by_key.get((one["asin"], instant(one["last_seen_utc"])))
            if row is None:
                # It was replaced between the two looks.
                continue
            for name in ("price_now", "price_from", "sales_rank", "offers", "drops_30", *keepa.HISTORY, *keepa.DERIVED):
                if not keepa.is_same(one[name], row[name]):
                    wrong.append((one["asin"], group, name, one[name], row[name]))
        lost = set(by_key) - set(keys)
        wrong += [("not shown", group, key) for key in sorted(lost) if key[1] < hours.end - 600]
    table.none(f"seed {seed}: shown otherwise than stored", wrong)
    table.note(f"{count} rows shown")
