"""The healthy client: a modest, even rate over a few connections kept open, in a process of its own so that nothing disturbs its clock.

A request's time counts from when it was due, not from when it could be sent: waiting is not left out.
"""
import dataclasses
import os
import threading
import time

from . import wire
from .apart import Apart


@dataclasses.dataclass
class Report:
    """Times are (due, seconds, status), failures (due, what)."""
    times: list
    failures: list

    def slowest(self, share=0.99, since=0.0, until=float("inf")):
        """The quantile of the seconds of what was due in the window; None where nothing was."""
        found = sorted(seconds for due, seconds, _ in self.times if since <= due < until)
        return found[min(len(found) - 1, int(len(found) * share))] if found else None

    def statuses(self, since=0.0, until=float("inf")):
        counts = {}
        for due, _, status in self.times:
            if since <= due < until:
                counts[status] = counts.get(status, 0) + 1
        return counts


def plain(answer, judge):
    """What is wrong with an answer that should be a 200; None where nothing is."""
    if answer.status != 200:
        return f"{answer.status} {answer.body[:120]!r}"
    return judge(answer.body) if judge else None


class Client(Apart):
    """Asks `rate` times a second over `connections`, every `fresh`-th time on a new connection, until it is ended."""

    def __init__(self, port, questions, rate=200.0, connections=4, fresh=20, verdict=plain, timeout=5.0, request=wire.get):
        self.port, self.questions, self.rate, self.connections = port, questions, rate, connections
        self.fresh, self.verdict, self.timeout, self.request = fresh, verdict, timeout, request
        self._begin()

    def end(self):
        self.over.set()
        return Report(*self._found())

    def run(self, seconds):
        time.sleep(seconds)
        return self.end()

    def _work(self, sender):
        try:
            os.setpriority(os.PRIO_PROCESS, 0, -5)
        except OSError:
            pass
        times, failures = [], []
        start = time.monotonic() + 0.05
        hands = [
            threading.Thread(target=self._hand, args=(index, start, times, failures), daemon=True) for index in range(self.connections)]
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()
        sender.send((times, failures))

    def _hand(self, index, start, times, failures):
        questions = self.questions(index)
        every = self.connections / self.rate
        due, count, connection = start + every * index / self.connections, 0, None
        while not self.over.is_set():
            time.sleep(max(0.0, due - time.monotonic()))
            count += 1
            if connection and self.fresh and count % self.fresh == 0:
                connection.close()
                connection = None
            path, judge = next(questions)
            try:
                connection = connection or wire.Connection(self.port, self.timeout)
                connection.send(self.request(path))
                answer = connection.answer()
                times.append((due, time.monotonic() - due, answer.status))
                wrong = self.verdict(answer, judge)
                if wrong:
                    failures.append((due, f"{wrong} ({path})"))
                if answer.fields.get("connection", "").lower() == "close":
                    connection.close()
                    connection = None
            except (wire.Broken, ValueError) as error:
                failures.append((due, f"{error} ({path})"))
                if connection:
                    connection.close()
                connection = None
            due += every
            if due < time.monotonic() - 1:  # a long answer: what was due meanwhile is not made up for
                due = time.monotonic()
