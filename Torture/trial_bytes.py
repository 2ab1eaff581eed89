"""P1: one boundary and one answer a request. A wrong boundary is severe; a wrong status is one of the hundredth that may be wrong."""
import random

from . import wire
from .probes import FRAMING, HEADS, SOUND


def answers(probe, port, cut):
    """The statuses that came, whether the service closed, and what came beyond any answer."""
    connection = wire.Connection(port, 3)
    data, statuses = probe.text.encode("latin-1", "replace") if probe.text.isascii() else probe.text.encode(), []
    step = probe.pieces or cut or len(data)
    try:
        for start in range(0, len(data), step):
            connection.send(data[start:start + step])
    except wire.Broken:
        pass  # refused before all of it was read; its answer may still be there
    closed = False
    try:
        while len(statuses) < len(probe.wanted):
            method = probe.methods[len(statuses)] if len(statuses) < len(probe.methods) else "GET"
            statuses.append(connection.answer(method).status)
    except wire.Broken:
        closed = True
    wait = 3.5 if probe.closes else 0.15
    closed = closed or connection.ended(wait)
    rest = connection.rest
    connection.close()
    return statuses, closed, rest


def judged(probe, port, cut=0):
    """(severe or not, what was wrong), None where nothing was."""
    try:
        statuses, closed, rest = answers(probe, port, cut)
    except wire.Broken as reason:
        return True, f"{probe.name}: {reason}"
    if rest:
        return True, f"{probe.name}: answers {statuses}, and then {rest[:60]!r}"
    for index, allowed in enumerate(probe.wanted):
        if index >= len(statuses):
            if 0 not in allowed:
                return False, f"{probe.name}: {statuses} and closed, wanted {allowed}"
        elif statuses[index] not in allowed:
            accepted = statuses[index] < 400 and min(allowed) >= 400
            return accepted, f"{probe.name}: {statuses}, wanted {allowed}"
    if probe.closes is not None and closed != probe.closes:
        return probe.closes, f"{probe.name}: {statuses}, {'closed' if closed else 'left open'}"
    return None


def trial(house, table, options):
    table.open("raw bytes", "P1")
    house.start_service()
    dice = random.Random(options.seed)
    wrong, count = [], 0
    for probe in SOUND + FRAMING + HEADS:
        cuts = [0] if probe.pieces else [0, dice.randrange(1, 40)]
        for cut in cuts:
            count += 1
            found = judged(probe, house.port, cut)
            if found:
                wrong.append((found[0], f"{found[1]} (sent {cut or 'at once'})"))
    severe = [what for is_severe, what in wrong if is_severe]
    table.none(f"severe of {count} cases", severe)
    table.row("right", ">= 99 %", f"{100 * (count - len(wrong)) / count:.1f} %", len(wrong) <= count * 0.01)
    for is_severe, what in wrong:
        if not is_severe:
            table.note(what[:160])
    table.row("the service lives and is ready", "yes", "yes" if house.is_ready() else "no", house.is_ready())
    house.stop_service()
