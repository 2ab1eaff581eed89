"""Gaps out of stored coverage, and what a coverage of many runs costs to be told by the database."""
import statistics

from load import ROUNDS, spread

FIRST = 26_824_320  # 2021-01-01, in minutes since 1970
PAIRS, LIFE, HOLES = 100, 1_000_000, 490
CLOCK = "2022-12-01T00:00:00Z"  # after the last slot
# What nobody has said anything of; parts are slots here.
GAPS = """
    select s.id, hole from series s join coverage c on c.series_id = s.id,
        unnest(int8multirange(s.lifetime) - c.held - c.absent - c.excluded - c.unfillable - c.quarantined) hole
    where s.dataset = 'kraken'"""


def fill(postgres, store, pairs, holes):
    """Series whose coverage has so many holes, of 1 to 13 slots each, spread over its life."""
    stride = LIFE // holes
    postgres.make(store, "base")
    postgres.psql(store, "select setseed(0.5)", f"""
        with made as (
            insert into series (dataset, key, lifetime)
            select 'kraken', array['B' || lpad(pair::text, 3, '0') || 'USD', '1'], int8range({FIRST}, {FIRST + LIFE})
            from generate_series(1, {pairs}) pair returning id
        ), holes as materialized (
            select made.id, {FIRST} + hole * {stride} + floor(random() * {stride} * 0.4)::int8 as first,
                1 + floor(random() * least(13, {stride} * 0.4))::int8 as length
            from made, generate_series(0, {holes - 1}) hole
        )
        insert into coverage (series_id, held, changed_at)
        select id, int8multirange(int8range({FIRST}, {FIRST + LIFE})) - range_agg(int8range(first, first + length)), now()
        from holes group by id""", "analyze series", "analyze coverage")


def counted(query):
    return f"select count(*) || ' gaps, ' || sum(upper(hole) - lower(hole)) || ' slots' from ({query}) found"


def gaps(figures, postgres, slots):
    fill(postgres, "wide", PAIRS, HOLES)
    taken, found = postgres.timed("wide", counted(GAPS), times=9)
    listed, _ = postgres.timed("wide", f"\\copy ({GAPS.strip()}) to /dev/null".replace("\n", " "), times=5)
    starts = [postgres.gapless("base", CLOCK, "report", "kraken", "--json") for _ in range(ROUNDS)]
    start = statistics.median(took.wall for took in starts)
    rows = {name: [postgres.gapless("wide", CLOCK, name, "kraken", "--json") for _ in range(ROUNDS)] for name in ("report", "gaps")}
    figures.say(f"\n**Gaps of {PAIRS} series of {LIFE:,} slots** out of stored coverage: {found}\n")
    figures.say("| | ms |\n|---|---|")
    figures.say(f"| all gaps in SQL, counted | **{spread(taken, '.1f')}** |")
    figures.say(f"| all gaps in SQL, each sent to the client | {spread(listed, '.1f')} |")
    for name, took in rows.items():
        figures.say(f"| `gapless {name} kraken --json`, the whole command | {spread([one.wall * 1000 for one in took])} "
                    f"({len(took[0].said) / 1000:,.0f} kB; on an empty store {start * 1000:,.0f}) |")
    figures.goal("all gaps of 100 M slots in SQL, ms", taken, most=100, gate=True)
    beside_rows(figures, postgres, slots)
    postgres.drop("wide")


def beside_rows(figures, postgres, slots):
    """The same of rows, without coverage: an anti-join with generate_series, and one statement that looks at each row's neighbour."""
    pairs = max(1, slots // LIFE)
    some = f"(select id as series_id from series where dataset = 'kraken' order by id limit {pairs})"
    postgres.psql("wide", "create unlogged table slots (series_id int, slot int8)", f"""
        insert into slots select c.series_id, slot from coverage c join {some} s using (series_id),
            unnest(c.held) run, generate_series(lower(run), upper(run) - 1) slot""",
        "alter table slots add primary key (series_id, slot)", "vacuum analyze slots")
    anti, missing = postgres.timed("wide", f"""
        select count(*) from {some} s, generate_series({FIRST}, {FIRST + LIFE - 1}) wanted (slot)
        where not exists (select from slots r where r.series_id = s.series_id and r.slot = wanted.slot)""", times=1)
    lead, holes = postgres.timed("wide", """
        select sum(next - slot - 1) from (
            select slot, lead(slot) over (partition by series_id order by slot) as next from slots
        ) pairs where next > slot + 1""", times=1)
    stored, same = postgres.timed("wide", f"""
        select sum(upper(hole) - lower(hole)) from ({GAPS} and s.id in {some}) found""", times=9)
    scale = 10_000_000 / (pairs * LIFE)
    figures.say(f"| of {pairs * LIFE:,} slots as rows: anti-join with generate_series, {missing} missing | {spread(anti)} "
                f"(10 M: {anti[0] * scale:,.0f}) |")
    figures.say(f"| the same by `lead()`, one statement, {holes} missing between rows | {spread(lead)} |")
    figures.say(f"| the same slots out of stored coverage, {same} missing | {spread(stored, '.2f')} |")
    times = [one / statistics.median(stored) for one in anti]
    figures.goal("anti-join's time / stored coverage's, same slots", times, least=1000, gate=True)
    figures.goal("anti-join's time / that of lead(), same slots", [a / b for a, b in zip(anti, lead)], least=2.5)


def runs(figures, postgres):
    """One series with many runs: what sending its coverage costs, as it is and as two arrays, and what the commands take."""
    figures.say("\n**One series with many runs**, ms to send its coverage\n")
    figures.say("| runs | as a multirange, text | binary | lower and upper as arrays, binary | arrays / multirange, binary | "
                "`report --json` | `gaps --json` |\n|---|---|---|---|---|---|---|")
    arrays = "array(select lower(r) from unnest(held) r), array(select upper(r) from unnest(held) r)"
    for count in (1_000, 10_000, 100_000):
        fill(postgres, "runs", 1, count)
        ways = {"text": ("held", "text"), "binary": ("held", "binary"), "arrays": (arrays, "binary")}
        taken = {name: postgres.timed("runs", f"\\copy (select {what} from coverage) to /dev/null (format {form})", times=3)[0]
                 for name, (what, form) in ways.items()}
        commands = [spread([postgres.gapless("runs", CLOCK, name, "kraken", "--json").wall * 1000 for _ in range(3)])
                    for name in ("report", "gaps")]
        ratio = statistics.median(taken["arrays"]) / statistics.median(taken["binary"])
        cells = [f"{count:,}"] + [spread(taken[name], ".1f") for name in ways] + [f"**{ratio:.2f}**"] + commands
        figures.say("| " + " | ".join(cells) + " |")
    postgres.drop("runs")
