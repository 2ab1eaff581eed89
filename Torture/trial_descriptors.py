"""F26: out of descriptors. Accepting pauses without spinning, who is in stays served, and it heals when others leave."""
import time

from . import gauge, paths, wire
from .crowd import Crowd, Manner
from .healthy import Client
from .table import Unusable


def trial(house, table, options):
    table.open("out of descriptors", "F26; started under prlimit --nofile=64")
    house.start_keeper()
    if gauge.seconds_until(house.postgres, 30) is None:
        raise Unusable("the keeper has no Postgres")
    try:
        house.start_service(prefix=["prlimit", "--nofile=64"], arguments=["--role", "api"])
    except Unusable as reason:
        table.row("starts and is ready", "yes", "no", False)
        table.note(str(reason))
        house.end_process(house.service)
        house.end_process(house.keeper)
        house.keeper = None
        return
    process = house.service.pid
    table.note(f"{gauge.descriptors(process)} descriptors at rest")
    for path in paths.HOT:
        wire.ask(house.port, path)
    client = Client(house.port, paths.hot, rate=50, fresh=0)
    time.sleep(1)
    crowd = Crowd(house.port, [Manner("idle", 150)])
    time.sleep(1)
    full = gauge.descriptors(process)
    table.row("descriptors used up", ">= 60", full, full >= 60)
    report = client.run(1 if options.quick else 3)
    table.none(f"connections from before it: failures of {len(report.times)}", report.failures)
    used, start = gauge.processor(process), time.monotonic()
    time.sleep(2 if options.quick else 4)
    table.most("processor while nobody asks anything", 20, 100 * (gauge.processor(process) - used) / (time.monotonic() - start), " %")
    crowd.end()
    table.most("a new connection is answered after they have gone", 5,
               gauge.seconds_until(lambda: wire.ask(house.port, paths.HOT[0], timeout=1)[0] == 200, 15), " s", 2)
    table.most("descriptors back", 5, gauge.seconds_until(lambda: gauge.descriptors(process) < 50, 15), " s", 2)
    house.stop_service()
    house.end_process(house.keeper)
    house.keeper = None
