"""A month with the clock sped up, in which nobody asks for anything: what goes wrong when, and what is written down meanwhile."""
import collections
import datetime
import threading
import time

from . import gauge, truth, wire
from .hook import Hook
from .stage import SOURCES, Stage
from .table import Unusable
from .truth import ZONE, midnight
from .wire import Broken

# Where a month begins, and its day that has not 24 hours.
MONTHS = {"long": ("2025-03-28T12:00:00-03:00", "2025-04-05"), "short": ("2025-08-30T12:00:00-04:00", "2025-09-07")}
QUOTA = 350

# name -> what a day may be like. Times in it are real ones.
WEATHER = {
    "502 bursts": {"burst502": {"everySeconds": 3, "seconds": 1}},
    "errors": {"error502Rate": 0.15, "error500Rate": 0.05},
    "empty pages": {"emptyPageRate": 0.1, "shortPageRate": 0.1},
    "cut and garbage": {"cutBodyRate": 0.1, "garbageRate": 0.05},
    "broken fields": {"dropFieldRate": 0.01, "wrongTypeRate": 0.01},
    "slow": {"latencyMs": 120},
    "doubled and omitted": {"duplicateAndOmit": 0.2},
    "wrong totals": {"omitTotalPagesRate": 0.2, "totalPagesDrift": 0.2},
    "commas": {"decimalComma": True},
    "a source down": {"downSources": ["pid"]},
}
# Of the first days only: what an upstream says it has not is asked for again after an hour, a day, and a week.
EARLY = {"late rows": {"extraLagMinutes": 90}, "late day": {"lateDays": {}}}


class Month(Stage):
    """A stage whose clock runs: `days` of it, then `drain` days without faults."""

    def __init__(self, options, name):
        begin, odd = MONTHS[name]
        self.start_moment, self.odd = datetime.datetime.fromisoformat(begin), datetime.date.fromisoformat(odd)
        if options.days < 12:
            self.start_moment = self.start_moment + datetime.timedelta(days=(self.odd - self.start_moment.date()).days - 1)
        self.days, self.drain, self.month_speed = options.days, options.drain, options.speed
        first = self.start_moment.date()
        self.first, self.last = first, first + datetime.timedelta(days=options.days + options.drain)
        # Of the days that the first night asks for, the oldest leave its window while the upstream has its troubles.
        begin = (first - datetime.timedelta(days=23)).isoformat()
        super().__init__(
            options, name, clock=self.start_moment.isoformat(), ranges=[(begin, (self.last + datetime.timedelta(days=1)).isoformat())],
            quota=QUOTA, settings=dict(options.settings))
        self.truth.spans = [(midnight((first - datetime.timedelta(days=32)).isoformat()), self.truth.spans[-1][1])]
        self.hook = Hook(f"secret-{self.seed}", self.seed)
        self.extra.update(self.hook.settings)
        self.empty_day = first + datetime.timedelta(days=4) if options.days >= 12 else None
        self.outage = first + datetime.timedelta(days=13) if options.days >= 20 else None
        self.weather = {}
        # (node, source, instant) -> [(the latest moment at which it was not there yet, value)], of what is revised.
        self.editions = collections.defaultdict(list)
        self.sampled_at, self.base_clock, self.runs = 0, None, []

    # MARK: The clock

    def open(self):
        """The sandbox's clock runs first; the store's is set by it, for it begins with a whole second of real time."""
        self.house.start_service(self.settings(), ready=120)
        begin = self.start_moment.astimezone(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
        self.house.start_sandbox(f"{begin}@{self.month_speed}")
        if gauge.seconds_until(lambda: wire.ask(self.house.sandbox_port, "/_sandbox")[0] == 200, 20) is None:
            raise Unusable("the sandbox does not answer")
        before = time.time()
        shown = self.shown_now()
        moment = (before + time.time()) / 2
        real = int(moment)
        self.base_clock = (real, shown - (moment - real) * self.month_speed, self.month_speed)
        self.house.psql(
            f"update clock set real_at = to_timestamp({real}), shown_at = to_timestamp({int(self.base_clock[1])}), "
            f"speed = {self.month_speed}")
        self.speed = self.pace = self.month_speed
        self.watch_schedules()
        self.house.stop_service()
        self.extra["GAPLESS_SCHEDULES"] = "on"
        self.base_faults()
        # Before anything is asked for: what is served now may be replaced before the first look.
        self.hear()
        self.house.start_service(self.settings(), ready=60)
        return self

    def watch_schedules(self):
        """Each run of a schedule leaves a line, also one that finds nothing to file."""
        if self.house.psql("select to_regclass('schedules') is not null") == "t":
            self.house.psql(
                "create table trial_runs (name text, due timestamptz, run timestamptz)",
                "create function trial_note() returns trigger language plpgsql as "
                "'begin insert into trial_runs values (new.name, new.last_due, new.last_run); return new; end'",
                "create trigger trial_note after update on schedules for each row when (new.last_run is distinct from old.last_run) "
                "execute function trial_note()")

    def shown(self, real=None):
        """The store's clock, of the month: local time."""
        real_at, shown_at, speed = self.base_clock
        return datetime.datetime.fromtimestamp(shown_at + ((time.time() if real is None else real) - real_at) * speed, ZONE)

    # MARK: What goes wrong

    def plan_of(self, date, hour):
        """The faults of that hour: the day's weather, and what was planned for the month."""
        day = (date - self.first).days
        if date not in self.weather:
            names = self.dice.sample(sorted(WEATHER), self.dice.choice([0, 1, 1, 2]))
            if day < self.days - 12 and self.dice.random() < 0.3:
                names.append(self.dice.choice(sorted(EARLY)))
            self.weather[date] = names
        wanted = {}
        for name in self.weather[date]:
            wanted.update(WEATHER.get(name) or EARLY[name])
            if name == "a source down":
                wanted["downSources"] = [SOURCES[date.toordinal() % len(SOURCES)]]
            if name == "late day":
                wanted["lateDays"] = {(date - datetime.timedelta(days=1)).isoformat(): 1}
        # Some hours of too many requests; what it makes us rest is real time.
        if date.toordinal() % 6 == 0 and 10 <= hour < 14:
            wanted["throttle"] = {"perHour": 20}
        if self.empty_day and self.empty_day <= date and day < 7 + (hour < 12):
            wanted["emptyDays"] = [self.empty_day.isoformat()]
        if self.is_out(date, hour):
            wanted["downSources"] = list(SOURCES)
        return wanted

    def is_out(self, date, hour):
        return bool(self.outage) and 0 <= (date - self.outage).days * 24 + hour - 6 < 48

    # MARK: The month

    def live(self, is_over):
        """Until the month is over: sets the faults by the hour, looks once a day."""
        end, over = self.start_moment + datetime.timedelta(days=self.days), threading.Event()
        looking = threading.Thread(target=self.look, args=(over,), daemon=True)
        looking.start()
        try:
            while (now := self.shown()) < end and not is_over.is_set():
                wanted = self.plan_of(now.date(), now.hour)
                if wanted != self.current:
                    self.other_faults(wanted)
                time.sleep(0.1)
            self.no_faults()
            while self.shown() < end + datetime.timedelta(days=self.drain) and not is_over.is_set():
                time.sleep(0.5)
        finally:
            over.set()
            looking.join()
        self.runs = self.read_runs()
        self.slow_down()
        gauge.seconds_until(lambda: self.open_tasks() == 0, 90, 0.5)
        self.sample()

    def look(self, over):
        """Once a day."""
        while not over.wait(86400 / self.month_speed):
            try:
                self.sample()
            except (Unusable, Broken, OSError, ValueError) as reason:
                self.note("trial", [f"{self.shown()}: {reason!r}"])

    def sample(self):
        """Nothing wrong and nothing extra at any time; and what the upstream has revised by now."""
        began = time.monotonic()
        stored = truth.read_store(self.house)
        told = self.hear()
        for kind, lines in truth.rows_against_truth(told, stored, False).items():
            self.note(kind, lines)
        self.note("coverage", truth.coverage_against_rows(stored))
        self.read_calls()
        self.checks += 1
        print(f"    {self.name} {self.shown():%Y-%m-%d %H:%M}: {len(stored.rows)} rows, {len(self.book.calls)} requests, "
              f"{self.open_tasks()} tasks open; {', '.join(self.weather.get(self.shown().date(), [])) or 'clear'}"
              f"{' OUT' if self.is_out(self.shown().date(), self.shown().hour) else ''} ({time.monotonic() - began:.1f} s)", flush=True)

    def hear(self):
        """The sandbox's word, and which values of real took the place of others."""
        told = self.truth.read()
        for key, fact in told.facts.items():
            if key[1] == "real" and fact.fate == "served":
                known = self.editions[key]
                if not known or known[-1][1] != fact.value:
                    known.append((self.sampled_at, fact.value))
        self.sampled_at = told.now
        return told

    def read_runs(self):
        """(schedule, due, run) as local times, in order."""
        if self.house.psql("select to_regclass('trial_runs') is not null") != "t":
            return []
        lines = self.house.psql("select name, extract(epoch from due), extract(epoch from run) from trial_runs order by run, name")
        words = [line.split("|") for line in lines.splitlines()]
        return [(name, *(datetime.datetime.fromtimestamp(float(stamp), ZONE) for stamp in stamps if stamp)) for name, *stamps in words]

    def close(self):
        self.hook.close()
        return super().close()

