"""Candles that a client should hold, by the sandbox's word, against what the store holds, by SQL. Shares nothing with the service."""
import collections
import datetime
import decimal
import json
import subprocess
import urllib.parse

from . import wire
from .table import Unusable


def seconds(day):
    return int(datetime.datetime.fromisoformat(day).replace(tzinfo=datetime.timezone.utc).timestamp())


def number(text):
    return None if text in ("", None) else decimal.Decimal(text).normalize()


class Candles:
    """The hidden truth of some pairs and intervals over a range of days."""

    def __init__(self, port, pairs, intervals, begin, end):
        self.traded, self.empty, self.unlisted = {}, set(), set()
        for pair in pairs:
            for interval in intervals:
                self.read(port, pair, interval, begin, end)

    def read(self, port, pair, interval, begin, end):
        query = urllib.parse.urlencode({"dataset": "kraken", "pair": pair, "interval": interval, "from": begin, "to": end})
        status, text = wire.ask(port, f"/_sandbox/truth?{query}", timeout=120)
        if status != 200:
            raise Unusable(f"the sandbox does not tell its truth: {status} {text}")
        # (One line alone is read as JSON already.)
        for line in [text] if isinstance(text, dict) else text.splitlines():
            one = line if isinstance(line, dict) else json.loads(line)
            key = (pair, interval, one["time"])
            if one["state"] == "traded":
                self.traded[key] = (*(number(one[name]) for name in ("open", "high", "low", "close", "volume")), one["trades"])
            elif one["state"] in ("no_trade", "downtime"):
                self.empty.add(key)
            elif one["state"] in ("unlisted", "delisted"):
                self.unlisted.add(key)


class Held:
    """What the store holds of the same, and what its coverage says."""

    def __init__(self, house, pairs, intervals, begin, end):
        self.rows, self.sources, self.twice = {}, collections.Counter(), []
        sql = (
            "select s.key[1], s.key[2], extract(epoch from c.time)::bigint, c.open, c.high, c.low, c.close, c.volume, c.trades, c.source"
            " from kraken_candles c join series s on s.id = c.series_id where s.key[1] = any('{%s}') and s.key[2] = any('{%s}')"
            " and c.time >= to_timestamp(%d) and c.time < to_timestamp(%d)"
            % (",".join(pairs), ",".join(map(str, intervals)), seconds(begin), seconds(end)))
        for line in lines(house, sql):
            pair, interval, time, *values, trades, source = line.split("|")
            key = (pair, int(interval), int(time))
            if key in self.rows:
                self.twice.append(key)
            self.rows[key] = (*(number(value) for value in values), int(trades))
            self.sources[source] += 1
        self.absent, self.held = set(), set()
        for name, into in (("absent", self.absent), ("held", self.held)):
            sql = (
                "select s.key[1], s.key[2], lower(r), upper(r) from coverage c join series s on s.id = c.series_id,"
                f" unnest(c.{name}) r where s.dataset = 'kraken' and s.key[1] = any('{{%s}}') and s.key[2] = any('{{%s}}')"
                % (",".join(pairs), ",".join(map(str, intervals))))
            for line in lines(house, sql):
                pair, interval, low, high = line.split("|")
                step = int(interval) * 60
                first, last = max(int(low), seconds(begin) // step), min(int(high), -(-seconds(end) // step))
                into.update((pair, int(interval), slot * step) for slot in range(first, last))


def lines(house, sql):
    done = subprocess.run(house.psql_command() + ["-c", sql], capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise Unusable(f"psql: {done.stderr.strip()}")
    return done.stdout.splitlines()


def differences(truth, held, whole=True):
    """By kind. `whole`: all that was traded has to be there; else only nothing wrong and nothing extra."""
    found = {
        "extra": [key for key in held.rows if key not in truth.traded],
        "wrong": [(key, held.rows[key], truth.traded[key]) for key in held.rows if key in truth.traded and held.rows[key] != truth.traded[key]],
        "twice": held.twice,
        "coverage": sorted(held.held ^ set(held.rows))[:100],
        "absent": [key for key in held.absent if key in truth.traded],
    }
    if whole:
        found["missing"] = [key for key in truth.traded if key not in held.rows]
        found["not absent"] = [key for key in truth.empty if key not in held.absent]
    return {kind: keys for kind, keys in found.items() if keys}
