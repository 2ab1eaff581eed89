"""What was measured, as Markdown, and each goal beside its figure."""
import re
import statistics

from load import ROUNDS, SECONDS, ratios, spread

COLUMNS = [("cpu", "CPU us a request", ".2f"), ("rate", "requests/s", ",.0f"), ("p50", "p50 us", ",.0f"), ("p99", "p99 us", ",.0f")]


class Figures:
    def __init__(self):
        self.lines, self.goals = [], []

    def say(self, line=""):
        print(line, flush=True)
        self.lines.append(line)

    def table(self, title, rows, note=""):
        """One kind of load: a line a server, and below each yardstick the ratio of ours to it."""
        ours = rows["gapless"]
        columns = [column for column in COLUMNS if column[0] in ours[0]]
        self.say(f"\n**{title}**{' ' + note if note else ''}\n")
        self.say("| | " + " | ".join(name for _, name, _ in columns) + " |")
        self.say("|---|" + "---|" * len(columns))
        for server, taken in rows.items():
            self.say(f"| {server} | " + " | ".join(spread([row[key] for row in taken], form) for key, _, form in columns) + " |")
        for server, taken in rows.items():
            if server != "gapless":
                cells = " | ".join(f"**{spread(ratios(ours, taken, key), '.2f')}**" for key, _, _ in columns)
                self.say(f"| gapless / {server} | {cells} |")

    def goal(self, text, figures, most=None, least=None, gate=False):
        """`figures`: one a round; None where a yardstick is missing."""
        self.goals.append((text, figures, most, least, gate))

    def goal_ratio(self, text, rows, yardstick, key, **bound):
        theirs = rows.get(yardstick)
        self.goal(text, ratios(rows["gapless"], theirs, key) if theirs else None, **bound)

    def close(self):
        """The table of goals; how many gates were missed."""
        self.say("\n**Goals**\n")
        self.say("| goal | wanted | measured | | kind |")
        self.say("|---|---|---|---|---|")
        missed = 0
        for text, figures, most, least, gate in self.goals:
            wanted = f"<= {most:.3g}" if most is not None else f">= {least:.3g}"
            kind = "gate" if gate else "report"
            if figures is None:
                self.say(f"| {text} | {wanted} | - | not measured | {kind} |")
                missed += gate
                continue
            # As it is printed: 1.004 is told as 1.00 and counts as such.
            median = round(statistics.median(figures), 2)
            reached = median <= most if most is not None else median >= least
            missed += gate and not reached
            self.say(f"| {text} | {wanted} | {spread(figures, '.2f')} | {'reached' if reached else '**not reached**'} | {kind} |")
        return missed

    def write(self, page, marks="figures"):
        """Between the page's two marks, so that the words around the figures stay whose they are."""
        with open(page) as file:
            text = file.read()
        begin, end = f"<!-- {marks}: begin -->\n", f"<!-- {marks}: end -->"
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        if not pattern.search(text):
            raise SystemExit(f"Benchmarks/bench: {page} has no marks between which figures could be written")
        body = begin + "\n".join(self.lines).strip() + "\n\n" + end
        with open(page, "w") as file:
            file.write(pattern.sub(lambda _: body, text))


def heading(machine):
    return f"{machine}; {ROUNDS} interleaved rounds of {SECONDS} s; median [least-most]; a ratio is taken a round."
