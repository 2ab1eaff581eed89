"""What a client should hold, by the sandbox's word, against what the store holds, by SQL. Shares nothing with the service.

The sandbox tells the truth beside the imitated service (docs/sandbox.md). Values may change there: whatever it has served at some time
of the trial may be held until somebody asks again, and nothing else ever; in the end it must be what is served now."""
import collections
import dataclasses
import datetime
import decimal
import json
import subprocess
import urllib.parse
import zoneinfo

from . import wire
from .table import Unusable

ZONE = zoneinfo.ZoneInfo("America/Santiago")
STEP = {"online": 900, "real": 900, "pid": 3600, "pcp": 3600}
# From an hour's end until it is due, as README promises it; of a programme, until no later one can change the hour.
LAG = {"online": 3 * 3600, "real": 10 * 86400, "pid": 3600, "pcp": 5 * 3600}
READ = """
begin isolation level repeatable read read only;
copy (select 'version', version from dataset_versions where dataset = 'cmg') to stdout;
copy (select 'row', s.key[1], s.key[2], extract(epoch from q.time)::bigint, q.usd, q.version = 'REAL-PRE'
      from cmg_quarters q join series s on s.id = q.series_id where s.dataset = 'cmg') to stdout;
copy (select 'held', s.key[1], s.key[2], c.held from coverage c join series s on s.id = c.series_id where s.dataset = 'cmg') to stdout;
copy (select 'absent', s.key[1], s.key[2], c.absent from coverage c join series s on s.id = c.series_id where s.dataset = 'cmg') to stdout;
commit;
"""


@dataclasses.dataclass
class Fact:
    """A part of an hour (of a programme: the hour) as the sandbox tells of it."""
    value: decimal.Decimal | None
    fate: str
    # Seconds at which the programme was issued; None for what is measured.
    issued: int | None = None


@dataclasses.dataclass
class Stored:
    """The store at one moment: rows by (node, source, instant), and the ranges of coverage by (node, source)."""
    version: int
    rows: dict
    twice: list
    held: dict
    absent: dict
    # Rows of real that are held as preliminary.
    preliminary: set = dataclasses.field(default_factory=set)


def midnight(day):
    """The first instant of a local day: of the days that begin at one o'clock too."""
    date = datetime.date.fromisoformat(day)
    stamp = int(datetime.datetime.combine(date, datetime.time(12), ZONE).timestamp()) - 15 * 3600
    while datetime.datetime.fromtimestamp(stamp, ZONE).date() < date:
        stamp += 900
    return stamp


def shown(instant):
    return datetime.datetime.fromtimestamp(instant, ZONE).isoformat()


def multirange(text):
    """{[1,5),[7,9)} as pairs."""
    numbers = [int(word) for word in text.replace("{", "").replace("}", "").replace("[", "").replace(")", "").split(",") if word]
    return list(zip(numbers[::2], numbers[1::2]))


def read_store(house):
    """Rows and coverage of one snapshot."""
    done = subprocess.run(house.psql_command() + ["-v", "ON_ERROR_STOP=1"], input=READ, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise Unusable(f"psql: {done.stderr.strip()}")
    stored = Stored(0, {}, [], {}, {})
    for line in done.stdout.splitlines():
        kind, *words = line.split("\t")
        if kind == "version":
            stored.version = int(words[0])
        elif kind == "row":
            key = (words[0], words[1], int(words[2]))
            if key in stored.rows:
                stored.twice.append(key)
            stored.rows[key] = decimal.Decimal(words[3])
            if words[4] == "t":
                stored.preliminary.add(key)
        elif kind in ("held", "absent"):
            getattr(stored, kind)[(words[0], words[1])] = multirange(words[2])
    return stored


class Truth:
    """The sandbox's word on some nodes and sources over some ranges of local days, read again and again; remembers what it was."""

    def __init__(self, port, nodes, sources, ranges):
        self.port, self.nodes, self.sources, self.ranges = port, nodes, sources, ranges
        self.now, self.facts = 0, {}
        self.values = collections.defaultdict(set)
        # Whether preliminary rows of definitive days were served too (the fault mixedVersions): their values the truth does not tell.
        self.is_mixed = False
        # Days around the ranges are read too: a call may bring more than was asked for, and that has to be true as well.
        self.spans = merged([(midnight(begin) - 86400, midnight(end) + 3 * 86400) for begin, end in ranges])

    def read(self):
        status, state = wire.ask(self.port, "/_sandbox")
        if status != 200:
            raise Unusable(f"the sandbox does not tell its clock: {status} {state}")
        self.now = int(datetime.datetime.fromisoformat(state["now"].replace("Z", "+00:00")).timestamp())
        facts = {}
        for source in self.sources:
            for node in self.nodes:
                for begin, end in self.spans:
                    self.take(source, node, begin, end, facts)
        self.facts = facts
        return self

    def take(self, source, node, begin, end, facts):
        path = f"/_sandbox/truth?source={source}&node={urllib.parse.quote(node)}&from={begin}&to={end}"
        every = self.lines(path)
        if every is None:
            return  # The programmes do not know each bus.
        for line in every:
            value = None if line["usd"] is None else decimal.Decimal(line["usd"])
            key = (node, source, line["instant"])
            facts[key] = Fact(value, line["fate"], line.get("issued"))
            if line["fate"] == "served":
                self.values[key].add(value)
        if STEP[source] == 3600:
            for line in self.lines(path + "&all=issues") or []:
                if line["fate"] == "served":
                    self.values[(node, source, line["instant"])].add(decimal.Decimal(line["usd"]))

    def lines(self, path):
        connection = wire.Connection(self.port, 30)
        try:
            connection.send(wire.get(path, more="Connection: close\r\n"))
            answer = connection.answer()
        finally:
            connection.close()
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise Unusable(f"no truth: {answer.status} {answer.body[:200]!r}")
        return [json.loads(line, parse_float=decimal.Decimal) for line in answer.body.splitlines() if line]

    def asked(self, instant):
        return any(midnight(begin) <= instant < midnight(end) for begin, end in self.ranges)

    def is_due(self, key):
        """Whether its hour is over and past the lag: before that nobody promised to have it."""
        _, source, instant = key
        return instant // 3600 * 3600 + 3600 + LAG[source] <= self.now

    def hours(self):
        """(node, source, hour's instant) -> its facts, part by part; of the ranges that are asked for."""
        hours = collections.defaultdict(list)
        for (node, source, instant), fact in self.facts.items():
            if self.asked(instant):
                hours[(node, source, instant // 3600 * 3600)].append(fact)
        return hours


def merged(spans):
    result = []
    for begin, end in sorted(spans):
        if result and begin <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((begin, end))
    return result


def rows_against_truth(truth, stored, is_final):
    """{kind: list}: what is missing (in the end only), extra, duplicate, wrong."""
    found = {"missing": [], "extra": [], "duplicate": list(stored.twice), "wrong": []}
    for key, value in stored.rows.items():
        fact, allowed = truth.facts.get(key), truth.values.get(key)
        if fact is None or not allowed:
            found["extra"].append((key, value, fact and fact.fate))
        elif truth.is_mixed and not is_final and key in stored.preliminary:
            continue
        elif value not in allowed or (is_final and fact.fate == "served" and value != fact.value):
            found["wrong"].append((key, value, sorted(allowed), fact.value))
    if is_final:
        for key, fact in truth.facts.items():
            if fact.fate == "served" and key not in stored.rows and truth.asked(key[2]) and truth.is_due(key):
                found["missing"].append((key, fact.value))
    return found


def coverage_against_rows(stored):
    """Quarters by their number since 1970 that are held by coverage or by rows, and not by both."""
    rows = collections.defaultdict(set)
    for node, source, instant in stored.rows:
        first = instant // 900
        rows[(node, source)].update(range(first, first + STEP.get(source, 900) // 900))
    found = []
    for series in rows.keys() | stored.held.keys():
        held = {part for begin, end in stored.held.get(series, []) for part in range(begin, end)}
        found += [(series, shown(part * 900), "held without a row" if part in held else "row that is not held")
                  for part in sorted(held ^ rows[series])]
    return found


def absences_against_fates(truth, stored):
    """Hours called absent although all of them is served and due. In the end only: while a fault lasts, it may have said so."""
    found = []
    hours = truth.hours()
    for (node, source), ranges in stored.absent.items():
        for begin, end in ranges:
            for slot in range(begin, end):
                facts = hours.get((node, source, slot * 3600), [])
                if facts and all(fact.fate == "served" for fact in facts) and truth.is_due((node, source, slot * 3600)):
                    found.append(((node, source), shown(slot * 3600), "absent though it is served"))
    return found


REVISIONS = """
copy (select s.key[1], s.key[2], extract(epoch from r.time)::bigint, r.old_values->>'usd', r.new_values->>'usd',
             concat(r.old_values->>'version', r.new_values->>'version') like '%PRE%'
      from revisions r join series s on s.id = r.series_id where s.dataset = 'cmg' order by r.id) to stdout
"""


def revisions_against_truth(house, truth, stored):
    """Every wording that was ever held is one that the upstream once served, and the last link of each row's chain is what is held."""
    found, old_ones, new_ones = [], collections.defaultdict(set), collections.defaultdict(set)
    for line in house.psql(REVISIONS).splitlines():
        node, source, instant, *words, is_preliminary = line.split("\t")
        key, (old, new) = (node, source, int(instant)), map(decimal.Decimal, words)
        if not (truth.is_mixed and is_preliminary == "t"):
            found += [(key, word, "was never served") for word in (old, new) if word not in truth.values.get(key, ())]
        old_ones[key].add(old)
        new_ones[key].add(new)
    for key, values in new_ones.items():
        # An edition that comes late takes its place in the middle: not the last revision ends the chain, but what nothing replaced.
        held = stored.rows.get(key)
        if held not in values or not values - old_ones[key] <= {held}:
            found.append((key, held, "the chain does not end in what is held"))
    return found
