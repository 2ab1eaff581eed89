"""The checker itself: a good store passes, and each kind of planted difference is named. Else all other trials would say nothing."""
from . import truth
from .table import Unusable

WHERE = "series_id = (select s.id from series s where s.key = array['{node}', '{source}'])"


def trial(stage):
    stage.round()
    stage.round()
    found, stored = stage.last_look()
    if any(found[kind] for kind in ("missing", "extra", "duplicate", "wrong", "coverage")):
        raise Unusable(f"without any fault the store is not right: { {kind: lines[:2] for kind, lines in found.items() if lines} }")
    node, source, instant = key = stage.dice.choice(sorted(key for key in stored.rows if stage.truth.asked(key[2])))
    where = WHERE.format(node=node, source=source)
    row = f"from cmg_quarters where {where} and time = to_timestamp({instant})"
    part = f"{instant // 900}"
    plants = {
        "missing": (f"delete {row}", None),
        "wrong": (f"update cmg_quarters set usd = usd + 0.00001 where {where} and time = to_timestamp({instant})", None),
        "extra": (f"insert into cmg_quarters (series_id, time, usd) select series_id, '2031-01-01T00:00Z', usd {row}", None),
        "coverage": (f"update coverage set held = held - int8multirange(int8range({part}, {part} + 1)) where {where}", None),
        "absent": (f"update coverage set absent = absent + int8multirange(int8range({instant // 3600}, {instant // 3600} + 1))"
                   f" where {where}", None),
    }
    for kind, (plant, _) in plants.items():
        stage.house.psql("create table planted_rows as select * from cmg_quarters; create table planted_coverage as select * from coverage")
        stage.house.psql(plant)
        seen = stage.last_look()[0]
        if not seen[kind]:
            stage.found["blind"].append((kind, key))
        # All as it was.
        stage.house.psql(
            "begin; delete from cmg_quarters; insert into cmg_quarters select * from planted_rows; delete from coverage; "
            "insert into coverage select * from planted_coverage; drop table planted_rows, planted_coverage; commit")
    # The same twice cannot be planted, for the table's key forbids it: the reader is given it.
    twice = truth.Stored(0, dict(stored.rows), [key], {}, {})
    if truth.rows_against_truth(stage.truth, twice, False)["duplicate"] != [key]:
        stage.found["blind"].append(("duplicate", key))
    stage.finish()
