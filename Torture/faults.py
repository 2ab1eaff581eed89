"""The faults of docs/sandbox.md: each alone, and seeded mixes of them. Values are what PUT /_sandbox/faults takes."""

LOST = ["2025-04-05", "2025-09-07", "2025-12-14"]

# name -> what is set. Rates are high: what survives them survives the rare case.
ALONE = {
    "emptyPageRate": {"emptyPageRate": 0.4},
    "shortPageRate": {"shortPageRate": 0.4},
    "emptyLastPageRate": {"emptyLastPageRate": 0.4},
    "omitTotalPagesRate": {"omitTotalPagesRate": 0.4},
    "totalPagesDrift": {"totalPagesDrift": 0.4},
    "duplicateAndOmit": {"duplicateAndOmit": 0.5},
    "error502Rate": {"error502Rate": 0.4},
    "error500Rate": {"error500Rate": 0.4},
    "cutBodyRate": {"cutBodyRate": 0.4},
    "garbageRate": {"garbageRate": 0.4},
    "garbage-html": {"garbageRate": 0.4, "garbage": ["html"]},
    "garbage-bom": {"garbageRate": 0.4, "garbage": ["bom"]},
    "garbage-nul": {"garbageRate": 0.4, "garbage": ["nul"]},
    "garbage-utf8": {"garbageRate": 0.4, "garbage": ["utf8"]},
    "garbage-shape": {"garbageRate": 0.4, "garbage": ["shape"]},
    "garbage-truncated": {"garbageRate": 0.4, "garbage": ["truncated"]},
    "garbage-empty": {"garbageRate": 0.4, "garbage": ["empty"]},
    "timeoutRate": {"timeoutRate": 0.1},
    "dropFieldRate": {"dropFieldRate": 0.05},
    "wrongTypeRate": {"wrongTypeRate": 0.05},
    "latencyMs": {"latencyMs": 600},
    "latencyPerThousandRowsMs": {"latencyPerThousandRowsMs": 700},
    "latencyPerRecentCallMs": {"latencyPerRecentCallMs": 60},
    "extraLagMinutes": {"extraLagMinutes": 400},
    "decimalComma": {"decimalComma": True},
    "mixedVersions": {"mixedVersions": True},
    "windowDays": {"windowDays": 60},
    "filter-ignored": {"filters": {"real": "ignored", "online": "ignored"}},
    "filter-429": {"filters": {"real": "429", "online": "429"}},
    "filter-500": {"filters": {"real": "500", "online": "500"}},
    "pageBase-zero": {"pageBase": "zero"},
    "pageBase-one": {"pageBase": "one"},
    "pageBase-both": {"pageBase": "both"},
    "limitCeiling": {"limitCeiling": 700},
    "throttle": {"throttle": {"perHour": 20}},
    "throttle-seconds": {"throttle": {"perHour": 20, "retryAfter": 1}},
    "throttle-date": {"throttle": {"perHour": 20, "retryAfter": "date:600"}},
    "throttle-past": {"throttle": {"perHour": 20, "retryAfter": "date:-600"}},
    "throttle-garbage": {"throttle": {"perHour": 20, "retryAfter": "soon, perhaps"}},
    "parallelLimit": {"parallelLimit": 1, "latencyMs": 200},
    "burst502": {"burst502": {"everySeconds": 4, "seconds": 2}},
    "downSources": {"downSources": ["pid", "online"]},
    "lostDays": {"lostDays": LOST},
    "emptyDays": {"emptyDays": LOST},
    "lateDays": {"lateDays": {day: 2 for day in LOST}},
}

# Of these a fault needs a clock on which an hour passes in seconds: (seconds of the clock in one second).
FAST = {"throttle": 600, "throttle-seconds": 600, "throttle-date": 600, "throttle-past": 600, "throttle-garbage": 600, "lateDays": 7200}
# For --full: what waits for timeouts of a minute, or differs little from its neighbours.
SLOW = {"timeoutRate", "latencyPerRecentCallMs", "throttle-date", "throttle-past", "throttle-garbage",
        *(name for name in ALONE if name.startswith("garbage-"))}


def off(changes):
    """What takes a fault back, and leaves the others."""
    back = {}
    for name, value in changes.items():
        if name == "garbage":
            continue
        if name in ("filters", "pageBase", "limitCeiling", "throttle", "burst502", "windowDays", "parallelLimit"):
            back[name] = None
        elif isinstance(value, bool):
            back[name] = False
        elif isinstance(value, (int, float)):
            back[name] = 0
        else:
            back[name] = type(value)()
    return back


def mix(dice):
    """Three to six faults at once, weaker than alone, so that something comes through."""
    names = dice.sample([name for name in ALONE if name not in SLOW and name not in FAST], dice.randint(3, 6))
    chosen = {}
    for name in names:
        for key, value in ALONE[name].items():
            if key == "garbage":
                value = []
            elif isinstance(value, float):
                value = round(value * dice.uniform(0.2, 0.6), 3)
            elif key == "latencyMs":
                value = dice.randint(50, 600)
            elif key in ("lostDays", "emptyDays"):
                value = dice.sample(LOST, 2)
            chosen[key] = value
    return chosen
