"""The API's answers against the truth: history page by page, completeness and gaps. In the end of a trial, when nothing is missing."""
import datetime
import decimal
import json
import urllib.parse

from . import wire
from .table import Unusable
from .truth import LAG, STEP, midnight, shown


def history(port, node, source, begin, end):
    """{instant: value} of whole hours, and the instants that came twice."""
    hours, twice, cursor = {}, [], ""
    while cursor is not None:
        path = f"/v1/cmg/history?node={urllib.parse.quote(node)}&source={source}&from={begin}&to={end}&limit=100"
        page = exact(port, path + (f"&cursor={cursor}" if cursor else ""))
        for row in page["data"]:
            instant = int(datetime.datetime.fromisoformat(row["datetime"]).timestamp())
            if instant in hours:
                twice.append(instant)
            hours[instant] = decimal.Decimal(row["cmg_value"])
        cursor = page["next_cursor"]
    return hours, twice


def exact(port, path):
    """A JSON answer with its digits kept."""
    connection = wire.Connection(port, 30)
    try:
        connection.send(wire.get(path, more="Connection: close\r\n"))
        answer = connection.answer()
    except wire.Broken as error:
        raise Unusable(f"GET {path}: {error}") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise Unusable(f"GET {path}: {answer.status} {answer.body[:200]!r}")
    return json.loads(answer.body, parse_float=decimal.Decimal)


# Seven decimals hold the mean of four values of five; the programmes have more, and are rounded to as many.
PLACES = decimal.Decimal("0.0000001")


def mean(facts):
    return sum((fact.value for fact in facts), decimal.Decimal(0)) / len(facts)


def against_truth(port, truth, stored):
    """Differences between what the API says and what follows from the truth."""
    found, hours = [], truth.hours()
    followed = {(node, source) for node, source, _ in hours}
    for node, source in sorted(followed):
        for begin, end in truth.ranges:
            span = range(midnight(begin), midnight(end), 3600)
            wanted, optional = {}, set()
            for instant in span:
                facts = hours.get((node, source, instant), [])
                if len(facts) != 3600 // STEP[source] or any(fact.fate != "served" for fact in facts):
                    continue
                if truth.is_due((node, source, instant)):
                    wanted[instant] = mean(facts)
                else:
                    optional.add(instant)
            found += compared(port, node, source, begin, end, wanted, optional)
            found += counted(port, node, source, begin, end, wanted, len(span), truth.now)
    return found


def compared(port, node, source, begin, end, wanted, optional):
    got, twice = history(port, node, source, begin, end)
    found = [(f"{node}/{source}", shown(instant), "the API has it twice") for instant in twice]
    for instant, value in wanted.items():
        if instant not in got:
            found.append((f"{node}/{source}", shown(instant), "the API lacks it"))
        elif abs(got[instant] - value) > PLACES / 2:
            found.append((f"{node}/{source}", shown(instant), f"the API says {got[instant]}, it is {value}"))
    found += [(f"{node}/{source}", shown(instant), "the API has it, the upstream does not")
              for instant in got.keys() - wanted.keys() - optional]
    return found


def counted(port, node, source, begin, end, wanted, slots, now):
    """The report's counts: every slot in one state, those that are served and due present, none missing that could be had."""
    report = exact(port, f"/v1/cmg/completeness?node={urllib.parse.quote(node)}&source={source}&from={begin}&to={end}")
    found, about = [], f"{node}/{source} {begin}..{end}"

    def expect(name, seen, holds, promised):
        if not holds:
            found.append((about, f"completeness: {name} is {seen}", promised))
    parts = report["expected"] + report["pending"] + report["absent"] + report["excluded"]
    undue = sum(instant + 3600 + LAG[source] > now for instant in range(midnight(begin), midnight(end), 3600))
    expect("slots", report["slots"], report["slots"] == slots, slots)
    expect("the sum of states", parts, parts == slots, slots)
    expect("present", report["present"], len(wanted) <= report["present"] <= len(wanted) + undue, f"{len(wanted)} and {undue} not due")
    expect("missing", report["missing"], report["missing"] == report["expected"] - report["present"], "expected - present")
    lacking = report["missing"] - report["unfillable"]
    expect("missing that is not unfillable", lacking, lacking == 0, 0)
    return found
