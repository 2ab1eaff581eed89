"""Bars that a client should hold, by the sandbox's word, against what the store holds, by its API and by SQL. Shares nothing with the service."""
import collections
import datetime
import decimal
import json
import urllib.parse

from . import wire
from .candles import lines
from .table import Unusable

COLUMNS = ("open", "high", "low", "close", "volume", "vwap", "transactions")
VOLUME = COLUMNS.index("volume")
EPOCH = datetime.date(1970, 1, 1)


def number(value):
    return None if value is None else decimal.Decimal(str(value)).normalize()


def day_of(slot):
    return (EPOCH + datetime.timedelta(days=int(slot))).isoformat()


def objects(text):
    """Lines of JSON. (One line alone is read as JSON already.)"""
    return [text] if isinstance(text, dict) else [json.loads(line, parse_float=decimal.Decimal) for line in text.splitlines()]


def following(day):
    return (datetime.date.fromisoformat(day) + datetime.timedelta(days=1)).isoformat()


def told(port, **question):
    status, text = wire.ask(port, f"/_sandbox/truth?{urllib.parse.urlencode({'dataset': 'equities', **question})}", timeout=120)
    if status != 200:
        raise Unusable(f"the sandbox does not tell its truth: {status} {text}")
    return objects(text)


class Market:
    """The hidden truth of some tickers, days inclusive, by (ticker, day). `lives`: the days of a listing, (first or None, end or None)."""

    def __init__(self, port, tickers, begin, last, lives=None):
        self.fates, self.bars, self.doubtful, self.grouped = collections.defaultdict(set), {}, set(), set()
        for ticker in tickers:
            first, end = (lives or {}).get(ticker, (None, None))
            for one in told(port, **{"ticker": ticker, "from": begin, "to": following(last)}):
                key = (ticker, one["date"])
                if (first and one["date"] < first) or (end and one["date"] >= end):
                    continue
                self.fates[one["fate"]].add(key)
                if one["fate"] != "refused":
                    self.bars[key] = tuple(number(one[name]) for name in COLUMNS)
                # Told twice with two volumes: which of them is right nobody knows.
                if one["twice"] == "conflicting":
                    self.doubtful.add(key)
                if one["grouped"]:
                    self.grouped.add(key)

    @property
    def served(self):
        return self.fates["served"]

    @property
    def silent(self):
        return self.fates["lost"] | self.fates["no_trade"]

    @property
    def outside(self):
        return self.fates["unlisted"] | self.fates["delisted"]


class Held:
    """What the store holds of the same: rows as the API tells them, and what coverage says."""

    def __init__(self, house, tickers, begin, last):
        self.rows, self.provisional, self.twice = {}, set(), []
        for ticker in tickers:
            query = urllib.parse.urlencode({"ticker": ticker, "from": begin, "to": following(last), "format": "ndjson"})
            status, text = wire.ask(house.port, f"/v1/equities/history?{query}", timeout=60)
            if status != 200:
                raise Unusable(f"no history of {ticker}: {status} {text}")
            for row in objects(text) if text else []:
                if "date" not in row:
                    continue
                key = (row["ticker"], row["date"])
                if key in self.rows:
                    self.twice.append(key)
                self.rows[key] = tuple(number(row[name]) for name in COLUMNS)
                if row.get("provisional"):
                    self.provisional.add(key)
        self.held, self.absent, self.refused, self.stale = (
            self.slots(house, tickers, name, begin, last) for name in ("held", "absent", "quarantined", "provisional"))
        self.open = {tuple(line.split("|")) for line in lines(
            house, "select distinct s.key[1], (q.time at time zone 'America/New_York')::date from quarantine q join series s"
                   " on s.id = q.series_id where q.dataset = 'equities' and q.status = 'open' and q.time is not null"
                   " and q.reason <> 'twice with other values'")}
        self.open = {key for key in self.open if key[0] in tickers and begin <= key[1] <= last}

    @staticmethod
    def slots(house, tickers, column, begin, last):
        found = set()
        for line in lines(house, f"select s.key[1], lower(r), upper(r) from coverage c join series s on s.id = c.series_id,"
                                 f" unnest(c.{column}) r where s.dataset = 'equities'"):
            ticker, low, high = line.split("|")
            if ticker in tickers:
                first = max(int(low) if low else 0, (datetime.date.fromisoformat(begin) - EPOCH).days)
                end = min(int(high) if high else 1 << 20, (datetime.date.fromisoformat(last) - EPOCH).days + 1)
                found.update((ticker, day_of(slot)) for slot in range(first, end))
        return found


def stored(house):
    """Prices as they lie in the table now, by (ticker, day): what a later value must have left behind as a revision."""
    sql = ("select s.key[1], (b.time at time zone 'America/New_York')::date, b.open, b.close, b.volume from equity_bars b"
           " join series s on s.id = b.series_id")
    return {(words[0], words[1]): tuple(map(number, words[2:])) for words in (line.split("|") for line in lines(house, sql))}


def replaced(house):
    """The same of what was replaced, by revisions."""
    found = collections.defaultdict(set)
    sql = ("select s.key[1], (r.time at time zone 'America/New_York')::date, r.old_values ->> 'open', r.old_values ->> 'close',"
           " r.old_values ->> 'volume' from revisions r join series s on s.id = r.series_id where s.dataset = 'equities'")
    for line in lines(house, sql):
        words = line.split("|")
        found[words[0], words[1]].add(tuple(map(number, words[2:])))
    return found


def is_same(row, bar, doubtful):
    return all(mine == right or (doubtful and place == VOLUME) for place, (mine, right) in enumerate(zip(row, bar)))


def differences(truth, held, last):
    """By kind; what is behind `last` need not be there, but must be right."""
    def due(keys):
        return sorted(key for key in keys if key[1] <= last)
    sessions = {key for keys in truth.fates.values() for key in keys}
    absent = held.absent & sessions
    found = {
        "missing": due(truth.served - set(held.rows)),
        "extra": sorted(set(held.rows) - truth.served - truth.fates["open"]),
        "wrong": [(key, held.rows[key], truth.bars[key]) for key in sorted(truth.served & set(held.rows))
                  if key[1] <= last and not is_same(held.rows[key], truth.bars[key], key in truth.doubtful)],
        "twice": held.twice,
        "provisional": due(held.provisional | held.stale),
        "coverage": due(held.held ^ set(held.rows)),
        "absent though told": due(absent & (truth.served | truth.fates["refused"])),
        "silent, and not absent": due(truth.silent - absent),
        "refused, and not in quarantine": due(truth.fates["refused"] - held.open),
        "in quarantine, and not refused": due(held.open - truth.fates["refused"]),
        "refused, by coverage": due((held.refused & sessions) ^ truth.fates["refused"]),
    }
    return {kind: keys for kind, keys in found.items() if keys}


def least(holes):
    """The size of a minimum vertex cover of tickers and sessions: by König's theorem that of a largest matching."""
    days = collections.defaultdict(list)
    for ticker, day in sorted(holes):
        days[ticker].append(day)
    matched = {}

    def finds(ticker, seen):
        for day in days[ticker]:
            if day not in seen:
                seen.add(day)
                if day not in matched or finds(matched[day], seen):
                    matched[day] = ticker
                    return True
        return False
    return sum(finds(ticker, set()) for ticker in list(days))


def least_by_trying(holes):
    """The same without a theorem, for few tickers: each choice of them, and the sessions that then remain."""
    tickers, best = sorted({ticker for ticker, _ in holes}), len(holes)
    for chosen in range(1 << len(tickers)):
        own = {ticker for place, ticker in enumerate(tickers) if chosen >> place & 1}
        best = min(best, len(own) + len({day for ticker, day in holes if ticker not in own}))
    return best
