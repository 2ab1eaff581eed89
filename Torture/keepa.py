"""What rows of products should say, worked out of the sandbox's facts by the rules of docs/keepa.md. Shares nothing with the service."""
import collections
import datetime
import decimal
import math
import urllib.parse

from .candles import lines
from .table import Unusable

MONEY, SHARE, EPOCH = decimal.Decimal("0.01"), decimal.Decimal("0.0001"), 21_564_000
MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
# From this Keepa minute on NEW includes shipping: 2026-02-16.
NEW_SHIPS = 7_956_000
GRADES = ["used_like_new", "used_very_good", "used_good", "used_acceptable", "buy_box_used"]
NAMES = {1: "new", 2: "used", 7: "new_fbm", 10: "new_fba", 18: "buy_box", **dict(zip([19, 20, 21, 22, 32], GRADES))}
COLUMNS = ["title", "price_now", "price_from", "sales_rank", "offers", "drops_30", "list_at", "avg_1yr", "seasonality", "profit", "margin",
           "percent_down", "referral_share", "fulfilment", "price_ships"]
HISTORY = ["list_at", "avg_1yr", "seasonality"]
DERIVED = ["profit", "margin", "percent_down"]
DAY = 1440


def is_same(shown, stored):
    """Of a number that was read as a float its shortest text counts."""
    return shown == stored or (isinstance(shown, float) and decimal.Decimal(str(shown)) == stored)


def rounded(value, to):
    return None if value is None else value.quantize(to, decimal.ROUND_HALF_EVEN)


def money(units):
    return None if units is None else decimal.Decimal(units) / 100


def price(figures, minute):
    """(amount, from, whether shipping is included) of the cheapest; None where nothing has a price."""
    def least(names, source, ships):
        found = [figures[name] for name in names if figures.get(name) is not None]
        return [(min(found), source, ships)] if found else []
    new_ships = minute >= NEW_SHIPS
    used = least(GRADES, "used", 1) or least(["used"], "used", 0)
    new = least(["new_fbm", "new_fba"] + ["new"] * new_ships, "new", 1) or ([] if new_ships else least(["new"], "new", 0))
    return min(used + new + least(["buy_box"], "buy_box", 1), key=lambda one: one[0], default=None)


def sales(csv, now):
    """(Keepa minute, amount) of each fall of the rank in three years that has a price then."""
    places, held, found = collections.Counter(), {}, []
    new_at = None
    ranks = csv.get(3) or []
    for at in range(2, len(ranks), 2):
        minute, before, after = ranks[at], ranks[at - 1], ranks[at + 1]
        for kind, name in NAMES.items():
            points, stride = csv.get(kind) or [], 3 if kind in (7, 18, 19, 20, 21, 22, 32) else 2
            while places[kind] < len(points) and points[places[kind]] <= minute:
                place = places[kind]
                value, shipping = points[place + 1], points[place + 2] if stride == 3 else 0
                held[name] = None if value < 0 else value + max(0, shipping)
                new_at = points[place] if kind == 1 else new_at
                places[kind] += stride
        if 0 < after < before and now - 3 * 365 * DAY < minute <= now:
            cheapest = price(held, minute if new_at is None else new_at)
            if cheapest:
                found.append((minute, cheapest[0]))
    return found


def twice_median(values):
    values = sorted(values)
    return values[(len(values) - 1) // 2] + values[len(values) // 2]


def date(minute):
    return datetime.datetime.fromtimestamp((minute + EPOCH) * 60, datetime.timezone.utc)


def figures_of(csv, now):
    """{list_at, avg_1yr, seasonality} at a Keepa minute."""
    found = sales(csv, now)
    if not found:
        return dict.fromkeys(HISTORY)
    monthly, yearly = collections.defaultdict(list), collections.defaultdict(list)
    for minute, amount in found:
        monthly[date(minute).year, date(minute).month].append(amount)
        yearly[date(minute).month].append(amount)
    medians = sorted(twice_median(values) for values in monthly.values())
    recent = [amount for minute, amount in found if minute > now - 365 * DAY]
    average = decimal.Decimal(sum(recent)) / len(recent) / 100 if recent else None
    return {
        "list_at": rounded(decimal.Decimal(medians[math.ceil(len(medians) * 9 / 10) - 1]) / 200, MONEY),
        "avg_1yr": rounded(average, MONEY), "seasonality": season({month: twice_median(each) for month, each in yearly.items()})}


def season(medians):
    highest = max(medians.values())
    best = [month for month, value in medians.items() if value == highest]
    usual = decimal.Decimal(twice_median(medians.values())) / 2
    stands_out = len(medians) >= 6 and len(best) == 1 and highest > 0 and highest * 100 >= 115 * usual
    return MONTHS[best[0] - 1] if stands_out else "all year"


def derived(row, rates):
    """{profit, margin, percent_down} by the rest of the row."""
    cost, sold, average = row["price_now"], row["list_at"], row["avg_1yr"]
    profit = None
    if None not in (cost, sold, row["referral_share"], row["fulfilment"], row["price_ships"]):
        all_in = cost * (1 + rates["tax"]) + rates["preparation"] + (rates["shipping"] if row["price_ships"] == 0 else 0)
        profit = rounded(sold - all_in - (sold * row["referral_share"] + row["fulfilment"]), MONEY)
    return {
        "profit": profit, "margin": rounded(profit / sold, SHARE) if profit is not None and sold else None,
        "percent_down": rounded((average - cost) / average, SHARE) if cost is not None and average else None}


def told_row(facts):
    """What a light answer says, of the sandbox's words about an instant."""
    minute = facts["at"] // 60 - EPOCH
    cheapest = price(facts["current"], minute)
    return {
        "title": facts["title"], "price_now": money(cheapest and cheapest[0]), "price_from": cheapest and cheapest[1],
        "price_ships": cheapest and cheapest[2], "sales_rank": facts["sales_rank"], "offers": facts["offers"], "drops_30": facts["drops30"],
        "referral_share": decimal.Decimal(str(facts["referral_fee_percentage"])) / 100, "fulfilment": money(facts["pick_and_pack_fee"])}


def stored(house):
    """Rows by (ASIN, group, begin of the slot), and when the upstream said them."""
    sql = ("select s.key[1], s.key[2], extract(epoch from p.time)::bigint, p.last_seen, " + ", ".join(f"p.{name}" for name in COLUMNS)
           + " from keepa_products p join series s on s.id = p.series_id")
    found = {}
    for line in lines(house, sql.replace("p.title", "replace(p.title, '|', '/')")):
        words = line.split("|")
        values = [word if word else None for word in words[4:]]
        row = dict(zip(COLUMNS, values))
        for name in COLUMNS:
            if name not in ("title", "price_from", "seasonality") and row[name] is not None:
                row[name] = decimal.Decimal(row[name])
        found[words[0], words[1], int(words[2])] = (int(words[3]), row)
    return found


def shown_rows(shelves, group, begin, end):
    """The same rows as the API shows them, in their order."""
    query = {"from": shelves.shown(begin), "to": shelves.shown(end), "group": group, "format": "ndjson"}
    found = []
    # Slots of histories begin with each product at another time: these are read one by one.
    some = 40 if group == "current" else 1
    for at in range(0, len(shelves.asins), some):
        said = shelves.get("/v1/keepa/history?" + urllib.parse.urlencode({**query, "asin": ",".join(shelves.asins[at:at + some])}))
        found += [one for one in shelves.as_objects(said) if "last_seen_utc" in one]
    return found


class Shop:
    """The sandbox's truth of products at any instants, and their histories. `buybox`: whether that was asked for."""

    def __init__(self, shelves, buybox):
        self.shelves, self.more = shelves, "&buybox=1" if buybox else ""
        self.csv = {}

    def facts(self, asin, instants):
        """By instant; None where nobody knows it."""
        found = {}
        for at in range(0, len(instants), 300):
            path = f"/_sandbox/truth?dataset=keepa&asin={asin}&told=1&stats=180{self.more}&at=" + ",".join(map(str, instants[at:at + 300]))
            found.update((one["at"], one if one["known"] else None) for one in self.shelves.objects(path))
        return found

    def history(self, asin, facts):
        """{list_at, ...} as of the instant of `facts`: of a later answer what had been by then, for the past does not change."""
        if asin not in self.csv:
            said = self.shelves.ask(f"/keepa/product?key=audit&domain=1&stats=180&history=1{self.more}&asin={asin}")
            products = [one for one in said.get("products", []) if one["asin"] == asin and one["csv"]]
            if not products:
                raise Unusable(f"the sandbox has no history of {asin}")
            self.csv[asin] = dict(enumerate(products[0]["csv"]))
        cut = {}
        for kind in [3, *NAMES]:
            points, stride = self.csv[asin].get(kind) or [], 3 if kind in (7, 18, 19, 20, 21, 22, 32) else 2
            told = facts["last_buy_box_update"] if kind in (18, 32) else facts["last_update"]
            last = told // 60 - EPOCH
            cut[kind] = [number for at in range(0, len(points), stride) if points[at] <= last for number in points[at:at + stride]]
        return figures_of(cut, facts["at"] // 60 - EPOCH)
