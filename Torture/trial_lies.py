"""F8: a Redis that lies. Each answer is compared with the history itself; none may be wrong, none may fail, nothing may grow."""
import os
import time

from . import gauge
from .healthy import Client
from .lying_redis import MODES, LyingRedis
from .paths import Truth
from .trial_redis import ALLOWED, RATE, settled


def trial(house, table, options):
    table.open("a Redis that lies", "P8, F8; p99 from half a second after it began")
    liar = LyingRedis(os.path.join(house.scratch, "liar.sock"))
    try:
        house.start_service({"REDIS_URL": "unix://" + liar.path})
        truth, process = Truth(house.port), house.service.pid
        seconds = 1.5 if options.quick else 4.0
        asked, total = 0, 0
        normal = settled(house, truth, options.seed, seconds)
        table.none(f"honest: failures and wrong answers of {len(normal.times)}", normal.failures)
        was = gauge.memory(process)
        for index, mode in enumerate(MODES[1:], 1):
            asked = liar.asked.value
            liar.tell(mode)
            start = time.monotonic()
            report = Client(
                house.port, lambda hand: truth.questions(options.seed + 1000 * index + hand), RATE).run(seconds)
            total += len(report.times)
            table.none(f"{mode}: failures and wrong answers of {len(report.times)}", report.failures)
            slow, usual = report.slowest(since=start + 0.5), normal.slowest()
            table.row("  p99 by normal", f"<= {ALLOWED:g}", f"{slow / usual:.1f} ({slow * 1e3:.1f} ms)", slow <= ALLOWED * usual)
            table.note(f"it was asked {liar.asked.value - asked} times")
        table.row("answers compared", ">= 1000", total, total >= 1000)
        table.most("memory over what it was", 64, (gauge.memory(process) - was) / gauge.MEGABYTE, " MB", 0)
        liar.tell("honest")
        asked = liar.asked.value
        Client(house.port, lambda hand: truth.questions(options.seed + 99 + hand), RATE).run(3)
        table.row("honest again: it is asked again", ">= 100", liar.asked.value - asked, liar.asked.value - asked >= 100)
    finally:
        liar.end()
    house.stop_service()
