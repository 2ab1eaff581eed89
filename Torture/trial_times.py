"""P3: how long the service puts up with a peer that does not come to the point. All kinds at the same time."""
import time

from . import gauge, wire
from .crowd import Crowd
from .manners import ENDS
from .paths import LARGEST

# What the kernel's tables and our own looking may be late by.
NOISE = 1.0


def trial(house, table, options):
    table.open("peers that do not come to the point", "P3; times from the connection's start")
    house.start_service()
    wire.ask(house.port, LARGEST)
    kinds = [(manner, limit) for manner, limit in ENDS if limit <= 15 or not options.quick]
    crowd = Crowd(house.port, [manner for manner, _ in kinds])
    start = time.monotonic()
    left = {port: (name, opened) for name, peers in crowd.opened.items() for port, opened in peers}
    longest = {manner.name: 0.0 for manner, _ in kinds}
    time.sleep(0.2)
    while left and time.monotonic() - start < max(limit for _, limit in kinds) + 8:
        held, now = gauge.held(house.port), time.monotonic()
        for port in [port for port in left if port not in held]:
            name, opened = left.pop(port)
            longest[name] = max(longest[name], now - opened)
        time.sleep(0.1)
    met = crowd.end()
    for manner, limit in kinds:
        over = [port for port, (name, _) in left.items() if name == manner.name]
        seen = f"{len(over)} held on" if over else f"{longest[manner.name]:.1f} s"
        table.row(manner.name, f"<= {limit} s", seen, not over and longest[manner.name] <= limit + NOISE)
        answers = {what: count for (name, what), count in met.items() if name == manner.name}
        if over or longest[manner.name] > limit + NOISE:
            table.note(f"met: {answers}")
    house.stop_service()
