"""The table of scripts/torture-store: one row a trial. `looks`: how often the store was compared while things happened; `stale`: values
held in the end that the upstream has changed since, and that a refresh then brought (no broken promise)."""
import threading
import time

SHOWN = ["missing", "extra", "duplicate", "wrong", "coverage", "absent", "api", "twice"]


class Figures:
    """Prints rows as trials end, and what was broken beneath them."""

    def __init__(self):
        self.lock, self.is_over, self.rows, self.broken, self.kept = threading.Lock(), threading.Event(), 0, [], []
        head = ["trial", "seed", "requests", "planned", "retries", "looks", "kills", "stale", *SHOWN, "hour/quota", "refused", "s"]
        self.form = "{:28}{:>11}{:>9}{:>8}{:>8}" + "{:>6}" * 3 + "".join(f"{{:>{len(name) + 2}}}" for name in SHOWN)
        self.form += "{:>12}{:>8}{:>6}"
        print(self.form.format(*head), flush=True)

    def row(self, stage):
        found = {kind: lines for kind, lines in stage.found.items() if lines}
        words = [
            stage.name, stage.seed, len(stage.book.calls), stage.sum("planned"), stage.sum("retries"),
            stage.checks, stage.killed, stage.stale, *(len(stage.found[kind]) for kind in SHOWN),
            f"{stage.book.largest_hour()}/{stage.quota}",
            stage.book.refused(), f"{time.monotonic() - stage.began:.0f}"]
        with self.lock:
            self.rows += 1
            print(self.form.format(*map(str, words)) + ("  BROKEN" if found else ""), flush=True)
            if stage.deaths:
                print("    " + ", ".join(f"{count} x {kind}" for kind, count in sorted(stage.deaths.items())), flush=True)
            for kind, lines in found.items():
                self.broken.append(f"{stage.name} (seed {stage.seed}): {kind}: {len(lines)}")
                for line in lines[:4]:
                    print(f"    {kind}: {str(line)[:220]}", flush=True)
            if found:
                self.kept.append(stage.house.scratch)

    def verdict(self, options, wanted, seconds):
        if self.rows < wanted:
            self.broken.append(f"{wanted - self.rows} of {wanted} trials were not held")
        print(f"\nseed {options.seed}, {self.rows} trials, {seconds:.0f} s: ", end="")
        if not self.broken:
            print("all promises held")
            return 0
        print(f"{len(self.broken)} BROKEN:")
        for line in self.broken:
            print(f"  {line}")
        print("kept: " + " ".join(self.kept))
        return 1
