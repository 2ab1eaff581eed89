"""What a client should hold of the accounts, by the sandbox's word, against what the store holds, by SQL. Shares nothing with the service."""
import collections
import decimal
import json
import math
import urllib.parse

from . import wire
from .candles import lines, seconds
from .table import Unusable

# Columns with the names that the upstream has for them; all other members of a record lie in `rest`.
COLUMNS = {
    "numTrades": "num_trades", "netProfit": "net_profit", "grossProfit": "gross_profit", "grossLoss": "gross_loss",
    "startingBalance": "starting_balance", "priorDaysBalance": "prior_days_balance", "currentBalance": "current_balance",
    "currentEquity": "current_equity", "successRate": "success_rate", "meanDuration": "mean_duration", "status": "status", "type": "type",
    "phase": "phase", "broker": "broker", "mt_version": "mt_version", "login": "login", "planId": "plan_id", "trader": "trader",
    "country": "country"}
DAY_COLUMNS = {"days_to_next_payout": "days_to_next_payout", "todays_payouts": "todays_payouts"}
# What says whose record it is, and of when.
NAMES = {"accountId", "date", "datetime", "hour"}


def told(port, kind, begin, end):
    query = urllib.parse.urlencode({"dataset": "accounts", "kind": kind, "from": begin, "to": end})
    status, text = wire.ask(port, f"/_sandbox/truth?{query}", timeout=120)
    if status != 200:
        raise Unusable(f"the sandbox does not tell its truth: {status} {text}")
    # (One line alone is read as JSON already.)
    return [line if isinstance(line, dict) else json.loads(line) for line in ([text] if isinstance(text, dict) else text.splitlines())]


class Books:
    """The hidden truth over a range of days: rows by (account, second), and the hours of a told day in which nothing happened."""

    def __init__(self, port, begin, end):
        self.hours, self.days, self.empty, self.withheld = {}, {}, set(), set()
        for one in told(port, "hours", begin, end):
            key = (one["account_id"], one["time"])
            if one["fate"] == "no_trade":
                self.empty.add(key)
            elif one["fate"] == "withheld":
                self.withheld.add(key)
            else:
                self.hours[key] = one["metrics"]
        for one in told(port, "days", begin, end):
            if one["fate"] != "withheld":
                self.days[one["account_id"], one["time"]] = one["metrics"]


class Held:
    """What the store holds of the same, and what its coverage says."""

    def __init__(self, house, begin, end):
        self.twice = []
        self.hours = self.rows(house, "account_hours", COLUMNS, begin, end)
        self.days = self.rows(house, "account_days", {**COLUMNS, **DAY_COLUMNS}, begin, end)
        self.roster = {time for account, time in self.days if account == "*"}
        self.days = {key: row for key, row in self.days.items() if key[0] != "*"}
        self.covered, self.absent = set(), collections.defaultdict(set)
        step = {"hour": 3600, "day": 86400}
        for line in lines(house, "select s.key[1], s.key[2], lower(r), upper(r) from coverage c join series s on s.id = c.series_id,"
                                 " unnest(c.held) r where s.dataset = 'accounts'"):
            account, grain, low, high = line.split("|")
            first, last = max(int(low), seconds(begin) // step[grain]), min(int(high), seconds(end) // step[grain])
            self.covered.update((account, grain, slot * step[grain]) for slot in range(first, last))
        for line in lines(house, "select s.key[1], s.key[2], a.reason, a.first_slot, a.end_slot from absences a join series s"
                                 " on s.id = a.series_id where s.dataset = 'accounts'"):
            account, grain, reason, low, high = line.split("|")
            self.absent[grain, reason].update((account, slot * step[grain]) for slot in range(int(low), int(high)))

    def rows(self, house, table, columns, begin, end):
        rows, names = {}, list(columns)
        sql = (
            "select json_build_array(s.key[1], extract(epoch from r.time)::bigint, "
            + ", ".join(f"r.{columns[name]}::text" for name in names)
            + f", r.rest) from {table} r join series s on s.id = r.series_id"
            f" where r.time >= to_timestamp({seconds(begin)}) and r.time < to_timestamp({seconds(end)})")
        for line in lines(house, sql):
            account, time, *values, rest = json.loads(line, parse_float=decimal.Decimal)
            if (account, time) in rows:
                self.twice.append((account, time))
            rows[account, time] = {**(rest or {}), **{name: value for name, value in zip(names, values) if value is not None}}
        return rows


def plain(value):
    """A value without its spelling; None for what no number can be made of that a store could compare."""
    if value is None:
        return None
    text = str(value)
    try:
        number = decimal.Decimal(text)
    except decimal.InvalidOperation:
        return text
    if not number.is_finite() or abs(number) > decimal.Decimal(10) ** 15:
        return None
    return number.normalize() if number else decimal.Decimal(0)


def unlike(truth, row):
    """Members that the store has otherwise."""
    found = []
    for name, value in truth.items():
        if name in NAMES:
            continue
        wanted = plain(value)
        if wanted is None or (isinstance(wanted, str) and wanted.lower() in ("nan", "infinity", "-infinity")):
            continue
        if plain(row.get(name)) != wanted:
            found.append((name, value, row.get(name)))
    return found + [(name, None, row[name]) for name in row if name not in truth]


def differences(truth, held, whole=True):
    """By kind. `whole`: all that there is has to be there; else only nothing wrong and nothing extra."""
    found = collections.defaultdict(list)
    for name, there, rows in (("hour", truth.hours, held.hours), ("day", truth.days, held.days)):
        for key, row in rows.items():
            if key not in there:
                found["extra"].append((name, key))
            elif unlike(there[key], row):
                found["wrong"].append((name, key, unlike(there[key], row)[:3]))
        found["missing"] += [(name, key) for key in there if key not in rows]
        covered = {(account, time) for account, grain, time in held.covered if grain == name and account != "*"}
        found["coverage"] += [(name, key) for key in covered ^ set(rows)]
    found["twice"] = held.twice
    found["absent"] = [key for key in held.absent["hour", "no_trade"] if key in truth.hours]
    found["not absent"] = [key for key in truth.empty if key not in held.absent["hour", "no_trade"]]
    if not whole:
        for kind in ("missing", "not absent"):
            found.pop(kind, None)
    return {kind: keys for kind, keys in found.items() if keys}


def least(missing, batch=25):
    """Requests that no plan can do with fewer: for each date, its accounts in batches. `missing`: (account, second) of hours."""
    accounts = collections.defaultdict(set)
    for account, time in missing:
        accounts[time // 86400].add(account)
    return sum(math.ceil(len(named) / batch) for named in accounts.values())
