"""Tokens of products: weeks on few of them, plans that change, two processes on one bucket."""
import collections
import time

from .candles import lines
from .products import Shelves, instant

PERIOD, HALF_DAY = 2 * 3600, 12 * 3600
# 2024-09-02: a period of half a day begins, and products have histories of few months, so that all of them are soon told.
MONDAY = 1725235200


# MARK: A week on five tokens a minute


def weekly(options, seed, table):
    """More products than five tokens a minute keep at two each, and fewer."""
    for count in (2200, 1500):
        week(options, seed, table, count)


def week(options, seed, table, count, days=7, speed=1680, rate=5):
    began, floor, price = time.monotonic(), 20, 2
    # It begins shortly before a period, so that the first is whole.
    begin = MONDAY - int(6 * speed)
    shelves = Shelves(options, f"week-{count}", seed, begin, speed, lambda known, unknown, dice: known[:count], price, rate, {}, {
        "KEEPA_REFRESH_CURRENT": "PT12H", "KEEPA_REFRESH_HISTORY": "P30D", "KEEPA_TOKEN_FLOOR": str(floor), "LOG_LEVEL": "debug"})
    try:
        shelves.serve()
        most = rate * HALF_DAY // 60 // price
        wanted = min(most, count)
        shelves.sleep_until(MONDAY + 4 * 3600)
        # Both ways of the forecast, at the beginning.
        said, forecast = shelves.what_if(products=count), shelves.budget()["forecast"]
        end = MONDAY + days * 86400
        held = []
        for number in range(days * 2):
            low = MONDAY + number * HALF_DAY
            shelves.sleep_until(low + HALF_DAY - 60)
            if number:
                held.append(shelves.completeness(low, low + HALF_DAY, group="current"))
        shelves.sleep_until(end)
        judged(shelves, seed, table, count, (said, forecast), held, wanted, most, floor, price)
        table.note(f"{len(shelves.calls())} requests, {days} days, {time.monotonic() - began:.0f} s")
    finally:
        shelves.finish(table)


def judged(shelves, seed, table, count, forecasts, held, wanted, most, floor, price):
    name, (said, forecast) = f"seed {seed}: {count} products", forecasts
    end = MONDAY + (len(held) + 1) * HALF_DAY
    kept, bucket = shelves.kept(MONDAY, end, HALF_DAY), shelves.bucket()
    least = min(kept[1:], default=0)
    limit = wanted if count <= most else int(0.95 * most)
    table.row(f"{name}: kept in the worst period", f">= {limit}", least, least >= limit)
    present = [one["present"] for one in held]
    table.row(f"{name}: and by the service's word", f">= {limit}", min(present, default=0), min(present, default=0) >= limit)
    mean = sum(kept[1:]) / max(1, len(kept) - 1)
    foretold = said["products_kept"]
    table.row(f"{name}: forecast at the beginning", f"{mean:.0f} +- 10 %", foretold, abs(foretold - mean) <= 0.1 * mean)
    for words, document in (("plan", said), ("budget", forecast)):
        fits = count <= most
        table.row(f"{name}: {words}: sustainable", fits, document["sustainable"],
                  document["sustainable"] == fits and (document["would_need"] is None) == fits)
        table.note(str(document["would_need"]))
    word = {one["sustainable"] for one in held}
    table.row(f"{name}: completeness: sustainable", {count <= most}, word, word == {count <= most})
    table.row(f"{name}: least tokens", f">= {floor}", bucket["lowest"], bucket["lowest"] >= floor)
    table.row(f"{name}: requests refused", 0, bucket["refused"], bucket["refused"] == 0)
    wasted = bucket["consumed"] - price * sum(shelves.kept(MONDAY - HALF_DAY, end + HALF_DAY, HALF_DAY))
    share = wasted / max(1, bucket["consumed"])
    table.row(f"{name}: tokens that kept nothing", "<= 2 %", f"{wasted} of {bucket['consumed']} ({share:.1%})", share <= 0.02)
    table.note(f"kept by period {kept}; present {present}")


# MARK: A plan that changes


def replanned(options, seed, table, speed=120, count=500, price=8):
    """25 tokens a minute, then 5, then 25, while calls are queued that were made for the large bucket."""
    began, floor = time.monotonic(), 20
    shelves = Shelves(options, f"plan-{seed}", seed, MONDAY, speed, lambda known, unknown, dice: known[:count], price, 25, {}, {
        "KEEPA_REFRESH_CURRENT": "PT12H", "KEEPA_REFRESH_HISTORY": "P30D", "KEEPA_TOKEN_FLOOR": str(floor), "LOG_LEVEL": "debug"})
    try:
        shelves.serve()
        phases, lowest, cut = [phase(shelves)], None, None
        for wait, rate in ((45, 5), (90, 25)):
            shelves.sleep_until(phases[-1][0] + wait * 60)
            if rate == 5:
                lowest = shelves.bucket()["lowest"]
                cut = shelves.bucket(refill_rate=rate)["tokens_left"]
            else:
                shelves.bucket(refill_rate=rate)
            phases.append(phase(shelves))
        # What is left, at 25 a minute: the arithmetic, and half an hour.
        left = (count - phases[-1][2]) * price / 25
        patience = phases[-1][0] + (left + 30) * 60
        while phase(shelves)[2] < count and shelves.now() < patience:
            shelves.sleep_until(shelves.now() + 60)
        phases.append(phase(shelves))
        bucket = shelves.bucket()
        for (at, spent, kept, refused), (end, later, more, others), rate in zip(phases, phases[1:], (25, 5, 25)):
            name, minutes = f"seed {seed}: at {rate} a minute", (end - at) / 60
            each = (later - spent) / max(1, more - kept)
            table.row(f"{name}: tokens a product", f"<= {price}", f"{each:.2f}", more > kept and each <= price)
            table.row(f"{name}: refused", 0, others - refused, others == refused)
            table.note(f"{later - spent} tokens and {more - kept} products in {minutes:.0f} minutes")
        table.row(f"seed {seed}: products kept in the end", count, phases[-1][2], phases[-1][2] == count)
        table.row(f"seed {seed}: least tokens before the change", f">= {floor}", lowest, lowest >= floor)
        table.none(f"seed {seed}: at 5 a minute: requests across the floor", crossing(shelves, phases[1][0], phases[2][0], cut, 5, floor))
        table.note(f"least tokens {bucket['lowest']}")
        table.none(f"seed {seed}: parked or failed", lines(
            shelves.house, "select id, status, error from tasks where status in ('parked', 'failed')"
                           " or ended in ('failed', 'shape_unusable')"))
        table.note(f"{time.monotonic() - began:.0f} s")
    finally:
        shelves.finish(table)


def phase(shelves):
    """Now, tokens spent, products kept in the period, requests refused."""
    bucket = shelves.bucket()
    return shelves.now(), bucket["consumed"], shelves.kept(MONDAY, MONDAY + HALF_DAY, HALF_DAY)[0], bucket["refused"]


def crossing(shelves, begin, end, left, rate, floor):
    """Calls of that time that left less than the floor, a step's tokens more or less. Nobody could know of the change before the first
    answer that told of it: what was under way then counts for nothing but its tokens."""
    found, at, heard = [], begin, None
    for call in shelves.calls():
        moment = instant(call["time"])
        if not begin <= moment < end or not call.get("tokensConsumed"):
            continue
        left = min(rate * 60, left + rate * (moment - at) / 60) - call["tokensConsumed"]
        at, heard = moment, heard or moment
        if moment > heard + 30 and left < floor - rate:
            found.append((call["time"], call["tokensConsumed"], left))
    return found


# MARK: One bucket


def budgeted(options, seed, table, speed=120, periods=3, count=150):
    """Two processes, answers that take their time, and some 500s: all agree on what was spent."""
    began, floor = time.monotonic(), 20
    shelves = Shelves(options, f"budget-{seed}", seed, MONDAY, speed, lambda known, unknown, dice: known[:count], 2, 5, {
        "latency_ms": 200, "http_500_rate": 0.15}, {
        "KEEPA_REFRESH_CURRENT": "PT2H", "KEEPA_REFRESH_HISTORY": "P30D", "KEEPA_TOKEN_FLOOR": str(floor), "MAX_RETRIES": "6"})
    try:
        shelves.serve("first")
        shelves.serve("second")
        shelves.sleep_until(MONDAY + periods * PERIOD - 300)
        # No request is under way any more: nobody asks before the next period.
        shelves.house.faults(keepa={"http_500_rate": 0})
        told, bucket = shelves.budget()["tokens"], shelves.bucket()
        progress, cursor = 0, ""
        while cursor is not None:
            page = shelves.get(f"/v1/ingestions?dataset=keepa&limit=100{cursor}")
            progress += sum(one["progress"]["tokens"]["done"] for one in page["data"])
            cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
        shelves.end()
        kept = shelves.kept(MONDAY, MONDAY + periods * PERIOD, PERIOD)
        calls = [int(one) for one in lines(shelves.house, "select coalesce(sum(tokens), 0)::bigint from tasks")][0]
        table.row(f"seed {seed}: least tokens", f">= {floor}", bucket["lowest"], bucket["lowest"] >= floor)
        table.row(f"seed {seed}: requests refused", 0, bucket["refused"], bucket["refused"] == 0)
        for name, spent in (("by the budget", told["spent"]), ("by progress of ingestions", progress), ("by calls", calls)):
            table.row(f"seed {seed}: tokens {name}", bucket["consumed"], f"{spent:g} ({spent - bucket['consumed']:+g})",
                      spent == bucket["consumed"])
        table.row(f"seed {seed}: kept in the worst period", count, min(kept), min(kept) == count)
        table.note(f"kept {kept}; left {bucket['tokens_left']}, by the service {told['left']:g}; lowest by the service {told['lowest']}")
        requests = shelves.calls()
        statuses = collections.Counter(one["status"] for one in requests)
        table.note(f"{len(requests)} requests {dict(statuses)}, {time.monotonic() - began:.0f} s")
    finally:
        shelves.finish(table)
