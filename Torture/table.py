"""What was promised and what was seen, one row a figure."""


class Unusable(Exception):
    """The trial itself could not be held."""


# Seconds. A quantile below this says more of this machine's scheduler than of the service: it counts as good.
FLOOR = 0.004


class Table:
    """Prints rows as they come; remembers those that broke a promise."""

    def __init__(self):
        self.rows, self.broken, self.section, self.subject = 0, [], "", ""

    def open(self, section, promises):
        self.section = section
        print(f"\n{section} ({promises})\n  {'':60}{'promised':>16}{'seen':>24}", flush=True)

    def row(self, what, wanted, seen, ok):
        """A row that is indented belongs to the one above it that is not."""
        self.rows += 1
        if not what.startswith(" "):
            self.subject = what.split(":")[0]
        if not ok:
            about = f"{self.subject}: {what.strip()}" if what.startswith(" ") else what
            self.broken.append(f"{self.section}: {about}: {seen}, promised {wanted}")
        print(f"  {what:60}{wanted!s:>16}{seen!s:>24}   {'ok' if ok else 'BROKEN'}", flush=True)
        return ok

    def most(self, what, limit, seen, unit="", digits=1, noise=0.0):
        """At most: None where nothing was seen at all, which breaks it. `noise` is what the measuring itself may add."""
        shown = "never" if seen is None else f"{seen:.{digits}f}{unit}"
        return self.row(what, f"<= {limit:g}{unit}", shown, seen is not None and seen <= limit + noise)

    def quotients(self, what, limit, tries):
        """Tries are (seconds, seconds when all is well), one after another; the best of them counts. See `good`."""
        found = [slow / max(usual, FLOOR / limit) for slow, usual in tries]
        shown = " ".join(f"{each:.1f}" for each in found)
        return self.row(what, f"<= {limit:g}", f"{shown} ({min(slow for slow, _ in tries) * 1e3:.1f} ms)", min(found) <= limit)

    @staticmethod
    def good(slow, usual, limit):
        return slow <= max(limit * usual, FLOOR)

    def none(self, what, found):
        """An empty list is promised; the first few of what is there are shown."""
        self.row(what, 0, len(found), not found)
        for line in found[:4]:
            self.note(str(line)[:160])

    def note(self, text):
        print(f"      {text}", flush=True)
