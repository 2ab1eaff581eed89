import Bytes
import Series
import Testing

@testable import Datasets

@Suite("The dataset accounts")
struct AccountsDatasetTests {
    let bench: AccountsBench
    var dataset: Dataset { bench.dataset }

    init() throws { bench = try AccountsBench() }

    @Test(arguments: [
        ("account_id", " 808699 ", "808699"), ("account_id", "a-b_c.d:e", "a-b_c.d:e"), ("account_id", "*", "*"),
        ("account_id", " * ", "*"), ("account_id", "", nil), ("account_id", "a b", nil), ("account_id", "a,b", nil),
        ("account_id", "a*", nil), ("account_id", "é", nil),
        ("account_id", String(repeating: "1", count: 64), String(repeating: "1", count: 64)),
        ("account_id", String(repeating: "1", count: 65), nil),
        ("grain", "hour", "hour"), ("grain", "H", "hour"), ("grain", "PT1H", "hour"), ("grain", "Hourly", "hour"), ("grain", "day", "day"),
        ("grain", "d", "day"), ("grain", "P1D", "day"), ("grain", "daily", "day"), ("grain", "week", nil),
    ])
    func namesHaveOneSpelling(name: String, value: String, canonical: String?) {
        #expect(dataset.canonical(name, value) == canonical)
    }

    /// A listing tells which accounts there are: a misspelt one would be a series for ever.
    @Test func aSelectionMakesNoSeries() {
        for wanted in [["account_id": ["a"]], ["account_id": ["a", "b"], "grain": ["hour"]], ["grain": ["hour"]], [:]] {
            #expect(dataset.series(named: wanted).isEmpty)
        }
        #expect(dataset.values(of: "grain") == ["hour", "day"])
    }

    @Test func theRosterIsFollowedAndWhatIsFoundOrOnlyWhatIsNamed() throws {
        #expect(dataset.followed.map(\.description) == ["*/day"] && dataset.followsStored)
        let named = try AccountsBench(Accounts.Following(accounts: ["b", "a", "b"])).dataset
        #expect(named.followed.map(\.description) == ["b/hour", "b/day", "a/hour", "a/day"] && !named.followsStored)
        #expect(!named.follows(SeriesKey(["c", "hour"])) && named.series(named: ["account_id": ["c"]]).isEmpty)
        #expect(!named.follows(Accounts.roster), "one that is held from another time stays as it is")
        #expect(try AccountsBench(Accounts.Following(hasUpstream: false)).dataset.followed.isEmpty)
    }

    @Test func eachChannelHasItsShapeAndItsTable() {
        let keys = [SeriesKey(["a", "hour"]), SeriesKey(["a", "day"]), SeriesKey(["*", "day"]), SeriesKey(["*", "hour"])]
        #expect(keys.map(dataset.channel) == ["hour", "day", "roster", ""])
        #expect(keys.map { dataset.schema(of: $0).table }.prefix(3) == ["account_hours", "account_days", "account_days"])
        #expect(dataset.schemas.map(\.table) == ["account_hours", "account_days"])
        for key in keys.prefix(3) { #expect(dataset.shapes.count { dataset.serves($0, key) } == 1, "\(key)") }
        for schema in dataset.schemas { #expect(schema.columns.last?.kind == .json && schema.columns.first?.name == "num_trades") }
        for (batch, kinds) in [(25, 25), (1, 1), (41, 41), (400, 41)] {
            #expect(Accounts.shapes(batch: batch).map(\.kind) == [.batch(series: kinds), .batch(series: kinds), .batch(series: 1)])
        }
        #expect(Accounts.batchMax * 24 <= Accounts.pageRows, "a batch's hours are one page")
    }

    /// All of a day falls due two hours after its end, hour by hour the same.
    @Test func aDayFallsDueAtOnce() {
        let (hour, day) = (SeriesKey(["a", "hour"]), SeriesKey(["a", "day"]))
        let end = bench.start + 86_400
        for (now, days) in [(end + 7199, 0), (end + 7200, 1)] {
            #expect(dataset.dueBefore(day, now: now) == bench.day + days)
            #expect(dataset.dueBefore(hour, now: now) == (bench.day + days) * 24)
        }
        let longer = FinerSlots(of: dataset.calendar(of: hour).ruler, in: dataset.calendar(of: day).ruler)
        #expect(longer?.ratio == 24, "days tell of hours")
    }

    @Test func theDayTellsOfItsHours() {
        let (hour, day) = (SeriesKey(["a", "hour"]), SeriesKey(["a", "day"]))
        let roster = dataset.roster!
        #expect(roster.teller(hour) == day && roster.told(day) == [hour] && roster.teller(day) == nil && roster.told(hour).isEmpty)
        #expect(roster.isListed(day) && !roster.isListed(hour) && !roster.isListed(roster.series) && roster.teller(roster.series) == nil)
        #expect(dataset.absenceReason(of: bench.day, day) == "no_daily_row")
        #expect(dataset.absenceReason(of: bench.day * 24, hour) == "trades_differ", "silence alone is no proof")
    }

    @Test func whatIsAskedForWithoutAnybodysAsking() throws {
        let now = bench.start + 4 * 3600
        let corrections = dataset.schedules.first { $0.name == "corrections" }!.selections(of: dataset, now: now)
        #expect(corrections.allSatisfy { $0.mode == .refresh })
        let ages = { (selection: Selection) in [selection.from!, selection.to!].map { (bench.start - $0) / 86_400 } }
        #expect(corrections.filter { $0.keys == ["grain": ["hour"]] }.map(ages) == [[2, 0]])
        #expect(corrections.filter { $0.keys == ["account_id": ["*"]] }.map(ages) == [[1, 0], [3, 2], [7, 6], [30, 29]])
        let named = try AccountsBench(Accounts.Following(accounts: ["a"])).dataset
        let theirs = named.schedules.first { $0.name == "corrections" }!.selections(of: named, now: now)
        #expect(theirs.filter { $0.keys == ["grain": ["day"]] }.map(ages) == [[1, 0], [3, 2], [7, 6], [30, 29]])
        #expect(theirs.allSatisfy { selection in named.followed.contains { named.selects($0, by: selection) } })
    }
}
