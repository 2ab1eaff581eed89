"""P2 and P4: bad clients beside a healthy one. It must not notice them, and the service must not keep what they cost."""
import time

from . import gauge, paths, wire
from .crowd import Crowd
from .healthy import Client
from .manners import BESIDE
from .sink import Sink
from .table import FLOOR

ALLOWED = 3.0


def baseline(port, seconds):
    return Client(port, paths.hot).run(seconds)


def at_rest(house, was):
    """Seconds until memory is within a tenth of what it was, descriptors and threads are back; None after 30 s."""
    process = house.service.pid
    return gauge.seconds_until(
        lambda: gauge.memory(process) <= was[0] * 1.1 and gauge.descriptors(process) <= was[1] + 2 and gauge.threads(process) <= was[2],
        30, 0.25)


def state(process):
    return gauge.memory(process), gauge.descriptors(process), gauge.threads(process)


def elsewhere(house, manner, seconds):
    """The healthy client's p99 while the same crowd is at a server that only reads: what the machine alone adds."""
    sink = Sink()
    client = Client(house.port, paths.hot)
    time.sleep(0.2)
    crowd = Crowd(sink.port, [manner])
    report = client.run(seconds)
    crowd.end()
    sink.end()
    return report.slowest()


def beside(house, manner, seconds):
    """One try: the healthy client's report, its baseline's p99, the peak of what the service used, and what the crowd met."""
    normal = baseline(house.port, min(seconds, 3)).slowest()
    peak = gauge.Peak(house.service.pid)
    client = Client(house.port, paths.hot)
    time.sleep(0.2)
    crowd = Crowd(house.port, [manner])
    report = client.run(seconds)
    met = crowd.end()
    peak.end()
    return report, normal, peak, met


def trial(house, table, options):
    table.open("bad clients beside a healthy one", "P2, P4")
    house.start_service()
    seconds = 2.0 if options.quick else 5.0
    for path in [paths.LARGEST] * 4 + paths.HOT:
        wire.ask(house.port, path)
    calm = baseline(house.port, seconds)
    table.none("healthy client alone, 200/s on 4 connections: failures", calm.failures)
    table.note(f"alone: p50 {calm.slowest(0.5) * 1e3:.2f} ms, p99 {calm.slowest() * 1e3:.2f} ms; as good as that is {FLOOR * 1e3:g} ms")
    time.sleep(1)
    was = state(house.service.pid)
    table.note(f"at rest: {was[0] / gauge.MEGABYTE:.0f} MB, {was[1]} descriptors, {was[2]} threads")
    for manner, megabytes in BESIDE:
        one(house, table, manner, megabytes, was, seconds)
    now = gauge.memory(house.service.pid)
    table.most("memory after all of it, by what it was", 1.1, now / was[0], "", 2)
    house.stop_service()


def one(house, table, manner, megabytes, rest, seconds):
    name, most, wide, tries, failures, slowest = f"{manner.count} x {manner.name}", 0, 0, [], [], []
    was, asked = [max(pair) for pair in zip(state(house.service.pid), rest)], 0
    for _ in range(3):
        report, normal, peak, met = beside(house, manner, seconds)
        failures += report.failures
        asked += len(report.times)
        most, wide = max(most, peak.memory), max(wide, peak.descriptors)
        slowest.append(report.slowest() or float("inf"))
        tries.append((slowest[-1], normal))
        if table.good(*tries[-1], ALLOWED):
            break
        time.sleep(1)
    back = at_rest(house, was)
    table.none(f"{name}: healthy failures of {asked}", [what for _, what in failures])
    if not table.quotients("  p99 by its baseline", ALLOWED, tries):
        table.note(f"while the same crowd is at a server that only reads: p99 {elsewhere(house, manner, seconds) * 1e3:.1f} ms")
    table.most("  memory over rest", megabytes, (most - rest[0]) / gauge.MEGABYTE, " MB", 0)
    table.most("  back at rest (memory +10 %, descriptors, threads)", 30, back, " s")
    if back is None:
        now = state(house.service.pid)
        table.note(f"{was[0] / gauge.MEGABYTE:.0f} MB, {was[1]} descriptors, {was[2]} threads before; "
                   f"{now[0] / gauge.MEGABYTE:.0f} MB, {now[1]}, {now[2]} now")
    table.note("p99 " + ", ".join(f"{each * 1e3:.1f} ms" for each in slowest) + f"; {wide} descriptors at most; met: "
               + (", ".join(f"{count} x {what}" for (_, what), count in sorted(met.items())) or "nothing"))
