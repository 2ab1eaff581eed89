"""The sandbox's log of calls, judged: nothing asked twice without a reason, and never more in an hour than the quota."""
import collections
import dataclasses
import datetime
import urllib.parse

from . import wire
from .table import Unusable

HOUR = 3600


@dataclasses.dataclass
class Call:
    time: int
    path: str
    query: str
    status: int
    rows: int
    spoiled: int
    # Noted when the log is read: the ingestion that it was made for, and whether answers were spoilt on purpose then. An empty, short
    # or cut answer looks like any other in the log, so that whatever came then may be asked for again.
    turn: int = 0
    spoilt: bool = False

    @property
    def request(self):
        return (self.path, self.query)

    @property
    def listing(self):
        """The call that the request is a page of."""
        pairs = urllib.parse.parse_qsl(self.query, keep_blank_values=True)
        return (self.path, tuple(sorted(pair for pair in pairs if pair[0] not in ("page", "limit"))))

    @property
    def limit(self):
        return int(dict(urllib.parse.parse_qsl(self.query)).get("limit", 0))


class CallBook:
    """All calls of a trial, over restarts of the sandbox. `disturb` notes a process' death or stop, on the sandbox's clock."""

    def __init__(self):
        self.calls, self.seen, self.disturbed, self.most = [], 0, [], 0

    def reopen(self):
        """The sandbox was started again: it counts from zero."""
        self.seen = 0

    def read(self, port, turn, spoilt):
        status, log = wire.ask(port, f"/_sandbox/calls?since={self.seen}")
        if status != 200:
            raise Unusable(f"the sandbox does not show its log: {status} {log}")
        fresh = log["calls"][max(0, len(log["calls"]) - (log["total"] - self.seen)):]
        self.seen = log["total"]
        self.most = max(self.most, log.get("mostAtOnce", 0))
        for call in fresh:
            time = int(datetime.datetime.fromisoformat(call["time"].replace("Z", "+00:00")).timestamp())
            self.calls.append(Call(
                time, call["path"], call["query"], call["status"], call["rows"], call.get("spoiled", 0), turn, spoilt))

    def disturb(self, begin, end):
        """Seconds of the sandbox's clock between which a process was dead or stopped."""
        self.disturbed.append((begin, end))

    def twice(self, slack, replanned):
        """Requests made again in one turn though they were answered in full: (request, times). `slack`: seconds of the sandbox's
        clock from an answer until its rows must have been stored, longest. `replanned`: calls that were planned anew."""
        runs, again = collections.defaultdict(list), []
        for call in self.calls:
            runs[(call.turn, call.listing)].append(call)
        for calls in runs.values():
            made = collections.defaultdict(list)
            for call in calls:
                made[call.request].append(call)
            for request, tries in made.items():
                if len(tries) > 1:
                    again += self.judged(request, tries, calls, slack, replanned)
        return again

    def judged(self, request, tries, calls, slack, replanned):
        unexplained = []
        for first, second in zip(tries, tries[1:]):
            if first.status != 200 or first.spoilt or first.spoiled:
                continue
            # Whether the end is the end, and whether anybody is there: each call asks that for itself.
            if first.limit == 1:
                continue
            if replanned > 0 and dict(urllib.parse.parse_qsl(first.query)).get("page") in ("0", "1"):
                # The first page told that the call is dearer than planned: the call that took its place begins with it.
                replanned -= 1
                continue
            # Of a listing that was under way when its process died, the pages so far may be asked for again.
            begun = min(call.time for call in calls if call.time <= first.time)
            pages = [call.time for call in calls if first.time <= call.time <= second.time]
            if any(begun - slack <= end and start <= max(pages) + slack for start, end in self.disturbed):
                continue
            unexplained.append((request, f"asked at {first.time} and at {second.time}, {first.rows} rows the first time"))
        return unexplained

    def largest_hour(self):
        """The most requests in any rolling hour of the sandbox's clock."""
        times = sorted(call.time for call in self.calls)
        most = first = 0
        for last, time in enumerate(times):
            while times[first] <= time - HOUR:
                first += 1
            most = max(most, last - first + 1)
        return most

    def refused(self):
        return sum(call.status == 429 for call in self.calls)
