"""F8: a Redis that lies. Each answer is compared with the history itself; none may be wrong, none may fail, nothing may grow."""
import os
import time

from . import gauge, wire
from .lying_redis import MODES, LyingRedis
from .paths import HOT, Truth
from .trial_redis import ALLOWED, ask, settled


def told(house, table, liar, truth, options, index, seconds, normal):
    """One kind of lie, up to three times where it was too slow; how many answers were compared."""
    mode, failures, tries, asked, count = MODES[index], [], [], liar.asked.value, 0
    for attempt in range(3):
        liar.tell(mode)
        start = time.monotonic()
        seed = options.seed + 1000 * index + 100 * attempt
        report = ask(house, truth, seed).run(seconds)
        failures += [what for _, what in report.failures]
        count += len(report.times)
        tries.append((report.slowest(since=start + 0.5), normal.slowest()))
        liar.tell("honest")
        if table.good(*tries[-1], ALLOWED):
            break
        normal = settled(house, truth, seed + 50, seconds)
    table.none(f"{mode}: failures and wrong answers of {count}", failures)
    table.quotients("  p99 by normal", ALLOWED, tries)
    table.note(f"it was asked {liar.asked.value - asked} times")
    return count


def validity(house, table):
    """It keeps for ever what was to be kept for two seconds: nothing is served past its end. A new one: the other was given hours."""
    liar = LyingRedis(os.path.join(house.scratch, "forgets-nothing.sock"))
    house.start_service({"REDIS_URL": "unix://" + liar.path, "GAPLESS_CACHE_TTL": "PT2S"})
    old = []
    for _ in range(2):
        for path in HOT:
            connection = wire.Connection(house.port)
            connection.send(wire.get(path))
            answer = connection.answer()
            connection.close()
            if answer.status != 200 or int(answer.fields.get("age", 0)) > 2:
                old.append(f"{answer.status}, Age {answer.fields.get('age')}, {answer.fields.get('cache-status')}")
        time.sleep(3)
    table.none(f"kept beyond its validity: answers too old of {2 * len(HOT)}", old)
    house.stop_service()
    liar.end()


def trial(house, table, options):
    table.open("a Redis that lies", "P8, F8; p99 from half a second after it began")
    liar = LyingRedis(os.path.join(house.scratch, "liar.sock"))
    try:
        house.start_service({"REDIS_URL": "unix://" + liar.path})
        truth, process = Truth(house.port), house.service.pid
        seconds, wanted = (1.5, 1000) if options.quick else (3.0, 10000)
        normal = settled(house, truth, options.seed, seconds)
        table.none(f"honest: failures and wrong answers of {len(normal.times)}", [what for _, what in normal.failures])
        table.note(f"honest: p50 {normal.slowest(0.5) * 1e3:.1f} ms, p99 {normal.slowest() * 1e3:.1f} ms")
        was = gauge.memory(process)
        total = sum(told(house, table, liar, truth, options, index, seconds, normal) for index in range(1, len(MODES)))
        table.row("answers compared", f">= {wanted}", total, total >= wanted)
        table.most("memory over what it was", 200, (gauge.memory(process) - was) / gauge.MEGABYTE, " MB", 0)
        asked = liar.asked.value
        ask(house, truth, options.seed + 99).run(3)
        table.row("honest again: it is asked again", ">= 100", liar.asked.value - asked, liar.asked.value - asked >= 100)
        house.stop_service()
        validity(house, table)
    finally:
        liar.end()
