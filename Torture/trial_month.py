"""What a month must have come to, though nobody asked for anything: each promise a row of its own."""
import collections
import copy
import dataclasses
import datetime
import time
import urllib.parse

from . import answers, gauge, truth, wire
from .truth import ZONE, midnight

DAILY = {"nightly": (3, 0), "check": (15, 0), "corrections": (5, 30)}
FRESH = "fresh"
# Local days after which real is asked again, as the schedule of corrections has them.
AGES = [14, 21, 35, 65]
KINDS = ["missing", "extra", "duplicate", "wrong", "coverage", "absent", "revisions", "api"]


class Judge:
    """`lacking`: promises of what the program does not have."""

    def __init__(self, month, table):
        self.month, self.table, self.lacking = month, table, []

    def not_there(self, what):
        self.lacking.append(what)
        print(f"  {what:60}{'':>16}{'not there':>24}", flush=True)

    def not_tried(self, what, why):
        print(f"  {what:60}{why:>16}{'not tried':>24}", flush=True)

    def all(self):
        month = self.month
        self.table.open(f"the month of {month.odd} ({month.name})", f"seed {month.seed}, {month.days} days at x{month.month_speed}, "
                        f"{month.drain} more without faults")
        for part in (self.rows, self.corrections, self.days, self.quota, self.schedules, self.alarms, self.webhook):
            try:
                part()
            except Exception as error:  # noqa: BLE001 - one part's mistake must not hide the others' figures
                self.table.row(f"{part.__name__} could be looked at", "yes", repr(error)[:60], False)
                self.table.note(repr(error)[:300])

    # MARK: The store

    def rows(self):
        month = self.month
        found, stored = month.last_look()
        # What was revised after the last time at which it is asked for again stands in a row of its own.
        self.behind = [line for line in found["wrong"] if line[0][1] == "real" and stored.rows[line[0]] in month.truth.values[line[0]]]
        late = {str(line) for line in self.behind}
        found["wrong"] = [line for line in found["wrong"] if str(line) not in late]
        waiting = self.waiting()
        found["missing"] = [line for line in found["missing"] if hour_of(line[0]) not in waiting]
        found["absent"] = [line for line in found["absent"] if (*line[0], line[1]) not in {(*key[:2], truth.shown(key[2])) for key in waiting}]
        found["revisions"] = truth.revisions_against_truth(month.house, month.truth, stored)
        found["api"] = answers.against_truth(month.house.port, self.as_held(stored, waiting), stored)
        for kind in KINDS:
            seen = {str(line): line for line in [*month.found[kind], *found[kind]]}
            self.table.none(f"{kind} in the end and at any of {month.checks} looks", list(seen.values()))
        month.found.clear()
        self.table.note(f"{len(stored.rows)} rows; nothing was asked for by hand")
        known = self.month.house.psql(
            "select requested_by, count(*), count(*) filter (where status <> 'completed') from ingestions group by 1 order by 1")
        for line in known.splitlines():
            self.table.note("ingestions by {}: {}, of which {} did not complete".format(*line.split("|")))

    def waiting(self):
        """(node, source, hour) that the upstream lacked when it was asked within the last day, and that are asked for again within the
        next: a day of real appears in working hours, up to ten days after it."""
        lines = self.month.house.psql(
            "select s.key[1], s.key[2], a.first_slot, a.end_slot from absences a join series s on s.id = a.series_id, clock c "
            "where a.next_at > c.shown_at and a.next_at - a.asked_at <= interval '25 hours'").splitlines()
        words = [line.split("|") for line in lines]
        return {(node, source, slot * 3600) for node, source, first, end in words for slot in range(int(first), int(end))}

    def as_held(self, stored, waiting):
        """The truth as far as it was asked for: that is what the API must say."""
        told = copy.copy(self.month.truth)
        told.facts = dict(told.facts)
        for key, *_ in self.behind:
            told.facts[key] = dataclasses.replace(told.facts[key], value=stored.rows[key])
        for key, fact in list(told.facts.items()):
            if hour_of(key) in waiting and key not in stored.rows:
                told.facts[key] = dataclasses.replace(fact, fate="later")
        return told

    def corrections(self):
        """Each revision that the sandbox made before the row was asked for last is held, and its older wording kept."""
        month, now = self.month, self.month.truth.now
        made = {key: known for key, known in month.editions.items() if len(known) > 1}
        kept = collections.Counter(int(line.split("|")[0]) and line.split("|", 1)[1] for line in month.house.psql(
            "select 1, s.key[1] || '|' || extract(epoch from r.time)::bigint from revisions r join series s on s.id = r.series_id "
            "where s.key[2] = 'real'").splitlines())
        lost, waiting = [], 0
        for key, *_ in self.behind:
            day = datetime.datetime.fromtimestamp(key[2], ZONE).date()
            asked = [moment for age in AGES if (moment := midnight((day + datetime.timedelta(days=age)).isoformat()) + 6 * 3600) <= now]
            revised = month.editions[key][-1][0]
            # It came between the look before and that one.
            if asked and revised + 2 * 86400 < asked[-1]:
                lost.append((key, f"revised by {truth.shown(revised + 86400)}, asked for again on {truth.shown(asked[-1])}"))
            else:
                waiting += 1
        self.table.none("revisions of real that the schedule passed by", lost)
        by_day = collections.Counter(datetime.datetime.fromtimestamp(key[2], ZONE).date().isoformat() for key, _ in lost)
        if by_day:
            self.table.note(f"by day: {dict(by_day)}")
        changes = sum(len(known) - 1 for known in made.values())
        self.table.row("revisions: made by the sandbox, kept by the store", "both > 0", f"{changes}, {sum(kept.values())}",
                       month.days < 12 or (changes > 0 and sum(kept.values()) > 0))
        # Who was there before a revision must be found as its old wording, unless it was not held then.
        self.table.note(f"{waiting} revised since they were last asked for")

    def days(self):
        """The report by day: as many hours as the calendar has, and none lacks."""
        month = self.month
        for source in sorted({key[1] for key in month.truth.facts}):
            wrong, short = [], []
            for node in sorted({key[0] for key in month.truth.facts if key[1] == source}):
                report = answers.exact(month.house.port, f"/v1/cmg/completeness?node={urllib.parse.quote(node)}&source={source}"
                                       f"&from={month.first}&to={month.last}&group_by=day")
                for group in report["groups"]:
                    day = datetime.date.fromisoformat(group["key"][:10])
                    hours = (midnight((day + datetime.timedelta(days=1)).isoformat()) - midnight(day.isoformat())) // 3600
                    if group["slots"] != hours:
                        wrong.append((node, source, group["key"], group["slots"], hours))
                    if group["missing"] - group.get("unfillable", 0):
                        short.append((node, source, group["key"], f"{group['missing']} missing"))
            self.table.none(f"{source}: days with other hours than their calendar", wrong)
            self.table.none(f"{source}: days of which due hours lack", short)
        if month.name == "long":
            self.overwritten()

    def overwritten(self):
        month = self.month
        path = f"/v1/cmg/gaps?source=online&from={month.odd}&to={month.odd + datetime.timedelta(days=1)}&state=absent"
        gaps = answers.exact(month.house.port, path)["data"]
        reasons = collections.Counter((gap["node"], gap["reason"]) for gap in gaps)
        nodes = {key[0] for key in month.truth.facts if key[1] == "online"}
        wanted = {(node, reason): 1 for node in nodes for reason in ("overwritten", "foreign_values")}
        self.table.row("the day of 25 hours: absent, with reason", f"{len(wanted)} gaps", f"{sum(reasons.values())}", dict(reasons) == wanted)
        if dict(reasons) != wanted:
            self.table.note(str(dict(reasons)))

    def quota(self):
        month = self.month
        self.table.most("requests in any hour, by the sandbox's book", month.quota, month.book.largest_hour(), digits=0)
        throttled = {date for date in month.weather if date.toordinal() % 6 == 0}
        odd = [call for call in month.book.calls
               if call.status == 429 and datetime.datetime.fromtimestamp(call.time, ZONE).date() not in throttled]
        self.table.none("requests refused on days without a smaller quota", odd)
        self.table.note(f"{len(month.book.calls)} requests, {month.book.refused()} refused on days with one")

    # MARK: By itself

    def schedules(self):
        month = self.month
        if not month.runs:
            return self.not_there("schedules")
        runs = collections.defaultdict(list)
        for name, due, _ in month.runs:
            runs[name].append(due)
        first, last = month.first + datetime.timedelta(days=1), month.last - datetime.timedelta(days=1)
        days = [first + datetime.timedelta(days=number) for number in range((last - first).days + 1)]
        for name, (hour, minute) in DAILY.items():
            counted = collections.Counter(due.date() for due in runs[name])
            wrong = [(day.isoformat(), counted[day]) for day in days if counted[day] != 1]
            # A new store is filled at once.
            own = sorted(runs[name])[1:] if name == "nightly" else runs[name]
            wrong += [due.isoformat() for due in own if (due.hour, due.minute) != (hour, minute)]
            self.table.none(f"{name}: local days without one run at {hour:02}:{minute:02}", wrong)
        # By their instants: local times of the hour that comes twice are equal to Python.
        dues = collections.Counter(due.timestamp() for due in runs[FRESH])
        self.table.none(f"{FRESH}: hours with more than one run", [(truth.shown(due), count) for due, count in dues.items() if count > 1])
        wanted = (midnight(last.isoformat()) - midnight(first.isoformat())) // 3600
        seen = sum(first <= due.date() < last for due in runs[FRESH])
        # So fast a clock that an hour lasts less than a second: a late run stands for those before it.
        self.table.row(f"{FRESH}: runs", f"<= {wanted}", seen, (wanted == 0 or 0 < seen) and seen <= wanted)
        late = [run.timestamp() - due.timestamp() for _, due, run in month.runs]
        self.table.note(f"latest run {max(late) / month.month_speed:.2f} s of real time after it was due")
        filed = collections.Counter()
        for line in month.house.psql("select requested_by, extract(epoch from created_at) from ingestions").splitlines():
            who, created = line.split("|")
            filed[who, month.shown(float(created)).date()] += 1
        storms = [(who, day.isoformat(), count) for (who, day), count in filed.items()
                  if who in ("schedule nightly", "schedule check") and count > 2 or count > 26]
        self.table.none("days with a storm of ingestions", storms)
        self.table.none("ingestions by anybody else", [who for who, _ in filed if not who.startswith("schedule")])

    def alerts(self):
        """All there ever were; None where the program has none."""
        path, found = "/v1/alerts?state=all&limit=1000", []
        if wire.ask(self.month.house.port, path)[0] == 404:
            return None
        cursor = ""
        while cursor is not None:
            page = answers.exact(self.month.house.port, path + (f"&cursor={cursor}" if cursor else ""))
            found, cursor = found + page["data"], page["next_cursor"]
        return found

    def alarms(self):
        month, found = self.month, self.alerts()
        if found is None:
            return self.not_there("alarms")
        for alert in found:
            for name in ("opened_at", "cleared_at"):
                alert[name] = alert[name] and datetime.datetime.fromisoformat(alert[name].replace("Z", "+00:00")).astimezone(ZONE)
        self.empty(found)
        self.outage(found)
        settled = month.start_moment + datetime.timedelta(days=1.5)
        counts = collections.Counter(alert["kind"] for alert in found if alert["opened_at"] > settled)
        self.table.note(f"opened after the first night: {dict(counts)}")
        open_ones = [alert for alert in found if alert["cleared_at"] is None]
        wrong = [(alert["kind"], alert["severity"], alert["subject"], alert["message"]) for alert in open_ones
                 if not (month.name == "long" and alert["kind"] == "incomplete_day" and alert["severity"] == "info"
                         and alert["subject"].get("date") == month.odd.isoformat())]
        self.table.none("alarms open in the end that nothing is the cause of", wrong)
        if month.name == "long" and month.days >= 12:
            lasting = [alert for alert in open_ones if alert["subject"].get("date") == month.odd.isoformat()]
            self.table.row("the two hours of the long day: told, and no more than that", "1 info", len(lasting), len(lasting) == 1)
        by_cause = collections.defaultdict(list)
        for alert in found:
            by_cause[alert["kind"], str(alert["subject"])].append(alert)
        beside = [cause for cause, ones in by_cause.items() for one, two in pairs(ones)
                  if one["cleared_at"] is None or two["opened_at"] < one["cleared_at"]]
        self.table.none("causes with two alarms at once", beside)
        self.table.note(f"most alarms of one cause, one after another: {max(map(len, by_cause.values()), default=0)}")

    def empty(self, found):
        month = self.month
        if not month.empty_day:
            return self.not_tried("a day that came empty", "quick")
        ones = [alert for alert in found if alert["kind"] == "incomplete_day" and alert["subject"].get("date") == month.empty_day.isoformat()]
        opened = min((alert["opened_at"] for alert in ones), default=None)
        cleared = max((alert["cleared_at"] for alert in ones if alert["cleared_at"]), default=None)
        self.table.row("a day that came empty: alarm", "opened, cleared", f"{day_hour(opened)}, {day_hour(cleared)}",
                       bool(ones) and all(alert["cleared_at"] for alert in ones) and opened.date() > month.empty_day)

    def outage(self, found):
        month = self.month
        if not month.outage:
            return self.not_tried("two days of outage", "quick")
        begin = datetime.datetime.combine(month.outage, datetime.time(6), ZONE)
        ones = [alert for alert in found if alert["kind"] == "failing_upstream"
                and begin <= alert["opened_at"] <= begin + datetime.timedelta(hours=54)]
        cleared = max((alert["cleared_at"] for alert in ones if alert["cleared_at"]), default=None)
        opened = min((alert["opened_at"] for alert in ones), default=None)
        self.table.row("two days of outage: alarm", "opened, cleared", f"{day_hour(opened)}, {day_hour(cleared)}",
                       bool(ones) and all(alert["cleared_at"] for alert in ones))

    def webhook(self):
        month, found = self.month, self.alerts()
        if found is None:
            return self.not_there("webhook")
        told = {(alert["id"], "opened") for alert in found} | {(alert["id"], "cleared") for alert in found if alert["cleared_at"]}

        def heard():
            with month.hook.lock:
                return {(body["alert"]["id"], event) for _, event, body in month.hook.heard}
        # What was refused is sent again after half a minute, then a minute.
        gauge.seconds_until(lambda: told <= heard(), 240, 1)
        self.table.none("alarms opened or cleared that the webhook was not told of", sorted(told - heard()))
        self.table.none("told of what is not there", sorted(heard() - told))
        deliveries = collections.defaultdict(set)
        for delivery, event, body in month.hook.heard:
            deliveries[body["alert"]["id"], event].add(delivery)
        self.table.none("told twice under two names", [key for key, names in deliveries.items() if len(names) > 1])
        self.table.none("without a good signature", month.hook.wrong)
        self.table.note(f"{len(month.hook.heard)} taken, {month.hook.refused} refused on purpose, {time.monotonic() - month.began:.0f} s in all")


def hour_of(key):
    return (*key[:2], key[2] // 3600 * 3600)


def pairs(alerts):
    ordered = sorted(alerts, key=lambda alert: alert["opened_at"])
    return zip(ordered, ordered[1:])


def day_hour(moment):
    return f"{moment:%m-%d %H}h" if moment else "never"
