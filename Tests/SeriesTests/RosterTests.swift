import Bytes
import Testing
import TestSupport

@testable import Series

/// What a roster tells of slots, against the definition slot by slot; and what is planned by it.
@Suite("Rosters")
struct RosterTests {
    private static let days = 0..<12
    private static let roster = SeriesKey(["*", "day"])

    private static func day(_ name: String) -> SeriesKey { SeriesKey([name, "day"]) }
    private static func hour(_ name: String) -> SeriesKey { SeriesKey([name, "hour"]) }

    /// Days of six hours, so that little is enumerated.
    static func dataset(batch: Int = 3) -> Dataset {
        let (hours, days) = (Ruler.every(seconds: 3600, anchor: 0), Ruler.every(seconds: 6 * 3600, anchor: 0))
        return Dataset(
            name: "listed", title: "Listed", keys: ["name", "grain"], unit: "1",
            zone: .utc,
            calendars: .each(finest: hours) { Calendar(ruler: $0.values[1] == "hour" ? hours : days) }, dueLag: { _ in 7200 },
            horizonDays: 6,
            shapes: [
                CallShape(name: "hours", channel: "hour", kind: .batch(series: batch), fixed: Cost(requests: 1), secondsPerRequest: 1),
                CallShape(name: "days", channel: "day", kind: .batch(series: batch), fixed: Cost(requests: 1), secondsPerRequest: 1),
                CallShape(name: "roster", channel: "roster", kind: .batch(series: 1), fixed: Cost(requests: 1), secondsPerRequest: 1),
            ],
            periods: days,
            upstream: UpstreamProfile(
                name: "nowhere", credential: .none, rate: RequestRate(count: 1, seconds: 1), requestsInFlight: 1, timeoutSeconds: 1,
                bodyBytesMax: 1),
            exchange: { _ in preconditionFailure("this dataset makes no calls") },
            schema: RowSchema(table: "none", columns: [], migrations: []), slotFields: [], partFields: [], followed: [roster],
            channel: { $0 == roster ? "roster" : $0.values[1] }, followsStored: true, dueFrom: .periodEnd,
            roster: Roster(
                series: roster, key: "name", isListed: { $0 != roster && $0.values[1] == "day" },
                teller: { $0.values[1] == "hour" ? day($0.values[0]) : nil }, told: { [hour($0.values[0])] }, tellerCount: "n",
                toldCount: "n", emptyReason: "nothing", doubtReason: "doubt", untoldReason: "untold"))
    }

    @Test(arguments: 1...60)
    func whatIsToldIsWhatTheDefinitionSays(seed: UInt64) throws {
        var dice = Seeded(seed, isTold: false)
        let dataset = Self.dataset()
        func days() -> SlotSet { SlotSet(ranges: dice.ranges(4, in: Self.days, longest: 5)) }
        let whole = Ledger(key: Self.roster, held: days())
        var teller = Ledger(key: Self.day("a"), held: days())
        teller.absent = days().subtracting(teller.held)
        teller.quarantined = days().subtracting(teller.absent)
        let told = Ledger(
            key: Self.hour("a"), held: SlotSet(ranges: dice.ranges(9, in: 0..<72, longest: 7)),
            absent: SlotSet(ranges: dice.ranges(9, in: 0..<72, longest: 7)))
        let ledgers = [whole.key: whole, teller.key: teller, told.key: told]
        let (day, hour) = (try #require(dataset.told(ledgers, of: teller.key)), try #require(dataset.told(ledgers, of: told.key)))
        #expect(dataset.told(ledgers, of: whole.key) == whole)
        let missing = hour.missing(in: 0..<72, calendar: dataset.calendar(of: told.key), dueBefore: 72)
        let states = hour.states(in: 0..<72, calendar: dataset.calendar(of: told.key), dueBefore: 72)
        for slot in Self.days {
            let isHeld = teller.held.contains(slot)
            let isRefused = teller.quarantined.contains(slot) && !isHeld
            let isKnown = isHeld || (!isRefused && (whole.held.contains(slot) || teller.absent.contains(slot)))
            #expect(day.unexpected.contains(slot) == (whole.held.contains(slot) && !isHeld && !isRefused), "seed \(seed), day \(slot)")
            for part in slot * 6..<slot * 6 + 6 {
                #expect(hour.unexpected.contains(part) == (isKnown && !isHeld), "seed \(seed), hour \(part)")
                #expect(hour.untold.contains(part) == !isKnown, "seed \(seed), hour \(part)")
                let isLacking = isHeld && !told.held.contains(part) && !told.absent.contains(part)
                #expect(missing.contains(part) == isLacking, "seed \(seed), hour \(part)")
                let state = states.filter { $0.slots.contains(part) }.map(\.state)
                let wanted: [SlotState] = isKnown && !isHeld ? [] : [
                    told.held.contains(part) ? .present : told.absent.contains(part) ? .absent : .missing
                ]
                #expect(state == wanted, "seed \(seed), hour \(part)")
            }
        }
    }

    @Test func aDoubtedSilenceIsMissingAndAskedForLater() {
        let calendar = Self.dataset().calendar(of: Self.hour("a"))
        var ledger = Ledger(key: Self.hour("a"), held: SlotSet(0..<4))
        ledger.resting = SlotSet(4..<6)
        #expect(ledger.tally(in: 0..<6, calendar: calendar, dueBefore: 6).missing == 2)
        #expect(ledger.missing(in: 0..<6, calendar: calendar, dueBefore: 6).isEmpty)
        #expect(ledger.demand(.refresh, in: 0..<6, calendar: calendar, dueBefore: 6) == SlotSet(0..<6))
    }

    /// All of a day falls due with its end, hours as well.
    @Test func slotsFallDueWithTheirPeriod() {
        let dataset = Self.dataset()
        let (key, day) = (Self.hour("a"), Int64(6 * 3600))
        #expect(dataset.due(0, of: key) == day + 7200)
        #expect(dataset.due(5, of: key) == day + 7200)
        #expect(dataset.due(6, of: key) == 2 * day + 7200)
        #expect(dataset.dueBefore(key, now: day + 7199) == 0)
        #expect(dataset.dueBefore(key, now: day + 7200) == 6)
        #expect(dataset.nextDue(key, now: day + 7200) == 2 * day + 7200)
    }

    /// A call for each date and batch of series that lack anything there, and not one more; the listing brings days for nothing.
    @Test(arguments: 1...40)
    func requestsAreTheLeast(seed: UInt64) {
        var dice = Seeded(seed, isTold: false)
        let batch = 1 + dice.below(4)
        let dataset = Self.dataset(batch: batch)
        let listing = SlotSet(ranges: dice.ranges(3, in: Self.days, longest: 4))
        var demands = listing.isEmpty ? [] : [Demand(series: Self.roster, missing: listing)]
        var (daysOf, hoursOf): ([Int: Int], [Int: Int]) = ([:], [:])
        for index in 0..<10 {
            let days = SlotSet(ranges: dice.ranges(3, in: Self.days, longest: 4))
            let hours = SlotSet(ranges: dice.ranges(6, in: 0..<72, longest: 9))
            if !days.isEmpty { demands.append(Demand(series: Self.day("n\(index)"), missing: days)) }
            if !hours.isEmpty { demands.append(Demand(series: Self.hour("n\(index)"), missing: hours)) }
            for day in Self.days {
                if days.contains(day), !listing.contains(day) { daysOf[day, default: 0] += 1 }
                if !hours.intersection(day * 6..<day * 6 + 6).isEmpty { hoursOf[day, default: 0] += 1 }
            }
        }
        let relieved = dataset.relieved(demands, by: listing)
        let plan = dataset.plan(relieved, shapes: dataset.shapes, circumstances: Circumstances(now: 0, ledgers: []))
        let least = (Array(daysOf.values) + Array(hoursOf.values)).reduce(listing.count) { $0 + ($1 + batch - 1) / batch }
        #expect(plan.totals.cost.requests == least, "seed \(seed)")
        #expect(plan.lowerBound.requests == least, "seed \(seed)")
        #expect(plan.optimality == .proven)
        #expect(plan.calls.allSatisfy { $0.series.count <= batch && $0.periods.count == 1 })
    }

    /// Hours by themselves, of days of which nothing is known: the listing is asked for first, of named accounts their own days.
    @Test func whatTellsIsAskedForFirst() throws {
        let dataset = Self.dataset()
        let (from, to, now) = (Int64(0), Int64(12 * 6 * 3600), Int64(100 * 6 * 3600))
        let whole = Ledger(key: Self.roster, held: SlotSet(0..<4))
        var ledgers = [whole.key: whole]
        for name in ["a", "b"] {
            ledgers[Self.day(name)] = Ledger(key: Self.day(name), held: SlotSet(0..<6))
            ledgers[Self.hour(name)] = Ledger(key: Self.hour(name))
        }
        let told = Dictionary(uniqueKeysWithValues: ledgers.keys.map { ($0, dataset.told(ledgers, of: $0)!) })
        func first(_ keys: [String: [String]]) -> [Demand] {
            dataset.tellersFirst(Selection(dataset: "listed", keys: keys), told, from: from, to: to, now: now)
        }
        #expect(first(["grain": ["hour"]]) == [Demand(series: Self.roster, missing: SlotSet(4..<12))])
        #expect(first([:]) == [Demand(series: Self.roster, missing: SlotSet(4..<12))])
        #expect(first(["grain": ["hour"], "name": ["a"]]) == [Demand(series: Self.day("a"), missing: SlotSet(6..<12))])
        #expect(first(["name": ["*"]]).isEmpty)
    }

    /// Counts differ: the day's own row is asked for with its hours, for it may be the wrong one.
    @Test func whatIsDoubtedIsAskedForWithWhatTellsOfIt() throws {
        let dataset = Self.dataset()
        var ledgers = [Self.roster: Ledger(key: Self.roster, held: SlotSet(0..<12))]
        ledgers[Self.day("a")] = Ledger(key: Self.day("a"), held: SlotSet(0..<12))
        var hours = Ledger(key: Self.hour("a"), held: SlotSet(0..<60))
        hours.doubted = SlotSet(61..<63)
        hours.resting = SlotSet(66..<68)
        ledgers[hours.key] = hours
        var told = Dictionary(uniqueKeysWithValues: ledgers.keys.map { ($0, dataset.told(ledgers, of: $0)!) })
        func first(_ mode: Selection.Mode) -> [Demand] {
            dataset.tellersFirst(
                Selection(dataset: "listed", mode: mode), told, from: 0, to: Int64(12 * 6 * 3600), now: Int64(100 * 6 * 3600))
        }
        #expect(first(.missing) == [Demand(series: Self.day("a"), missing: SlotSet(10..<11))])
        #expect(first(.refresh).isEmpty)
        // Nobody asks for the hours that a person does not expect, so nobody needs their check.
        hours.excluded = SlotSet(61..<63)
        ledgers[hours.key] = hours
        told[hours.key] = dataset.told(ledgers, of: hours.key)
        #expect(first(.missing).isEmpty)
    }

    /// A day that a person does not expect tells of no hours.
    @Test func anExcludedDayTellsOfNothing() throws {
        let dataset = Self.dataset()
        var teller = Ledger(key: Self.day("a"))
        teller.excluded = SlotSet(3..<4)
        let hour = try #require(dataset.told([teller.key: teller, Self.hour("a"): Ledger(key: Self.hour("a"))], of: Self.hour("a")))
        #expect(hour.unexpected == SlotSet(18..<24) && !hour.untold.contains(18) && hour.untold.contains(24))
    }
}
