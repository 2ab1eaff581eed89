package import Bytes

/// What a dataset is: six facts as a value. It has no route, table access, socket or job type of its own; the engine reads
/// these facts and does the rest, for every dataset alike.
package struct Dataset: Sendable {
    /// The word in paths and commands: `cmg`.
    package let name: String
    /// One sentence for people.
    package let title: String
    /// Names of the key values of a series, in order: `["node", "source"]`.
    package let keys: [String]
    /// Unit of the values in a row: `USD/MWh`.
    package let unit: String
    /// The zone in which dates are read and instants shown.
    package let zone: Zone

    // Fact 1: which slots exist, and when each is due.
    package let calendars: Calendars
    /// Seconds from a slot's end, or what `dueFrom` names instead, until the upstream owes it.
    package let dueLag: @Sendable (SeriesKey) -> Int
    /// From when on the due lag is counted.
    package let dueFrom: DueFrom
    /// How it is told which slots are expected; nil where the calendars say it.
    package let roster: Roster?
    /// Seconds from when a slot falls due until what the service does by itself has asked for it at the latest: an alarm waits for that.
    package let askLag: @Sendable (SeriesKey) -> Int
    /// How far back people look when they name no start, in days.
    package let horizonDays: Int
    /// From when on the upstream serves a series at all; nil where nothing ever limits it. `now` is the shown clock.
    package let reach: @Sendable (SeriesKey, _ now: Int64) -> Reach?
    let absenceWords: AbsenceWords
    /// Those of the words for absence which mean that there never was anything (`no_trade`: an hour without a trade stays without one):
    /// such a slot is not asked for again, unless somebody wants the range refreshed, and lacks nothing.
    package let emptyReasons: Set<String>
    /// Those which mean that what there was is lost (`overwritten`): such a slot is not asked for again either, but lacks for ever.
    package let lostReasons: Set<String>
    /// Both: after these the upstream will say nothing else ever.
    package let finalReasons: Set<String>
    /// What is said to a person of slots without a value, by the word of their reason: why, and what would fill them. A word that has none
    /// is explained as its state is.
    package let reasonTexts: [String: String]
    /// Whether nothing is expected of a channel's series before the first row of any of them, once it is known that nothing was before it
    /// (Kraken: before a pair's first trade).
    package let beginsWithFirstRow: Bool
    /// Whether nothing is expected of a series before the slot in which it was first to be kept.
    package let beginsWhenFollowed: Bool

    // Fact 2: what a call can cover and what it costs.
    package let shapes: [CallShape]
    /// A shape at the price that a call of it was found to have.
    package let priced: @Sendable (CallShape, Step.Needs) -> CallShape
    /// The channel of a series: calls of the shapes of that channel can fill it, others cannot.
    package let channel: @Sendable (SeriesKey) -> String
    /// What begins and ends together (`Lifetimes`): as a rule a channel; equities have all tickers in one, and each lives by itself.
    package let family: @Sendable (SeriesKey) -> String
    /// The unit of time that calls speak in (CMG: local days).
    package let periods: Ruler

    // Fact 3: how a call goes.
    package let upstream: UpstreamProfile
    package let exchange: @Sendable (CallOrder) -> any Exchange
    /// How a record that was refused is read again; nil where it cannot be.
    package let reread: Reread?

    // Fact 4: the rows, and how they are shown.
    package let table: RowTable
    /// Of channels whose rows lie in tables of their own.
    let ownTables: [String: RowTable]
    /// How rows of one series tell that older ones have been restated; nil where an upstream never does.
    package let continuity: Continuity?
    /// By what the records of a call are scored; nil where they are not.
    package internal(set) var quality: QualityRules?
    /// How many parts one row of this series fills, from the part that its time names: 1, or all of a slot where the upstream
    /// speaks of whole slots only (CMG: the programmes are hourly).
    package let partsPerRow: @Sendable (SeriesKey) -> Int

    /// Seconds that an ingestion may be worked, where settings say nothing; nil for any: a pass over all there is may take days.
    package let processingSeconds: Int?

    /// What the service asks for by itself.
    package let schedules: [DatasetSchedule]
    /// When what is held is asked for again by itself.
    package let corrections: [Correction]

    /// Words by which series are chosen and counted together beside their keys (Kraken: `tier`).
    package let labels: [Label]
    /// The word under which figures and alarms put a series together; as a rule its channel.
    package let group: @Sendable (SeriesKey) -> String
    /// Whether a reader who lacks due slots of today has them fetched.
    package let fetchesToday: Bool
    /// Days back from today of which alarms speak; no more than the horizon.
    package let alarmDays: Int
    /// How files that the upstream publishes beside its API are read; nil where it has none.
    package let archive: ArchiveFormat?
    /// How slots follow from others that are held; nil where they never do.
    package let derivation: Derivation?
    /// One way of writing a key's value (`XBTUSD` for `BTC/USD`); nil for what can be no value of it.
    package let canonical: @Sendable (_ name: String, _ value: String) -> String?
    /// All values that a key can have; empty where they are too many to be told.
    let keyValues: @Sendable (_ name: String) -> [String]
    /// Whether calls of the shape of this name can name a series (Kraken: its API has no candles of twelve hours); asked by `serves`.
    let servesSeries: @Sendable (_ shape: String, SeriesKey) -> Bool
    /// The file in which the upstream publishes the slot that starts at an instant, as far as it is out by `now` (shown clock).
    package let published: @Sendable (SeriesKey, _ start: Int64, _ now: Int64) -> PublishedFile?
    /// Events that a request of a `tape` call brings at most.
    package let tapePage: Int
    /// The values of a key that are meant where a selection makes series and names none of that key.
    package let defaults: @Sendable (_ name: String) -> [String]
    /// The values of keys that a history means which names none of that key, where else it would have slots of several lengths
    /// (`["grain": "hour"]`).
    package let readDefaults: [String: String]
    /// Whether calls ask for what is now: a period lies within a slot, and a slot that has passed is not to be had any more.
    package let asksForNow: Bool
    /// What the rows of a store are kept by, in words of the settings; a store that holds some by other terms is refused. nil: nothing.
    package let terms: String?
    /// Whether every series that the store holds is kept complete, beside those that settings name.
    package let followsStored: Bool
    /// The series that settings ask to keep complete.
    package let followed: [SeriesKey]
    private let followedSet: Set<SeriesKey>

    package init(
        name: String, title: String, keys: [String], unit: String, zone: Zone, calendars: Calendars,
        dueLag: @escaping @Sendable (SeriesKey) -> Int, horizonDays: Int, shapes: [CallShape], periods: Ruler,
        upstream: UpstreamProfile, exchange: @escaping @Sendable (CallOrder) -> any Exchange, schema: RowSchema,
        slotFields: [ShownField], partFields: [ShownField], tables: [String: RowTable] = [:], followed: [SeriesKey],
        channel: @escaping @Sendable (SeriesKey) -> String = { _ in "" },
        partsPerRow: @escaping @Sendable (SeriesKey) -> Int = { _ in 1 },
        reach: @escaping @Sendable (SeriesKey, Int64) -> Reach? = { _, _ in nil },
        askLag: @escaping @Sendable (SeriesKey) -> Int = { _ in 0 },
        absenceWords: AbsenceWords = .always("no_record"), lostReasons: Set<String> = [], emptyReasons: Set<String> = [],
        beginsWithFirstRow: Bool = false,
        priced: @escaping @Sendable (CallShape, Step.Needs) -> CallShape = { $0.costing($1.requests) },
        schedules: [DatasetSchedule] = [], corrections: [Correction] = [], labels: [Label] = [],
        group: (@Sendable (SeriesKey) -> String)? = nil, fetchesToday: Bool = true, alarmDays: Int? = nil, archive: ArchiveFormat? = nil,
        derivation: Derivation? = nil, canonical: @escaping @Sendable (String, String) -> String? = { _, value in value },
        followsStored: Bool = false, servesSeries: @escaping @Sendable (String, SeriesKey) -> Bool = { _, _ in true },
        published: @escaping @Sendable (SeriesKey, Int64, Int64) -> PublishedFile? = { _, _, _ in nil }, tapePage: Int = 1000,
        defaults: @escaping @Sendable (String) -> [String] = { _ in [] }, keyValues: @escaping @Sendable (String) -> [String] = { _ in [] },
        reread: Reread? = nil, dueFrom: DueFrom = .slotEnd, roster: Roster? = nil, family: (@Sendable (SeriesKey) -> String)? = nil,
        continuity: Continuity? = nil, quality: QualityRules? = nil, readDefaults: [String: String] = [:],
        reasonTexts: [String: String] = [:], processingSeconds: Int? = nil, beginsWhenFollowed: Bool = false,
        terms: String? = nil
    ) {
        (self.readDefaults, self.reasonTexts, self.processingSeconds) = (readDefaults, reasonTexts, processingSeconds)
        (asksForNow, self.terms) = (shapes.contains { if case .snapshot = $0.kind { true } else { false } }, terms)
        self.dueFrom = dueFrom
        self.family = family ?? channel
        self.continuity = continuity
        self.quality = quality
        self.roster = roster
        self.keyValues = keyValues
        self.servesSeries = servesSeries
        self.published = published
        self.tapePage = max(1, tapePage)
        self.defaults = defaults
        self.labels = labels
        self.group = group ?? channel
        self.fetchesToday = fetchesToday
        self.alarmDays = min(horizonDays, alarmDays ?? horizonDays)
        self.archive = archive
        self.derivation = derivation
        self.canonical = canonical
        self.followsStored = followsStored
        (self.name, self.title) = (name, title)
        self.keys = keys
        self.unit = unit
        self.zone = zone
        self.calendars = calendars
        (self.dueLag, self.askLag) = (dueLag, askLag)
        self.horizonDays = horizonDays
        self.shapes = shapes
        self.periods = periods
        self.upstream = upstream
        self.exchange = exchange
        table = RowTable(schema: schema, slotFields: slotFields, partFields: partFields)
        ownTables = tables
        self.followed = followed
        self.channel = channel
        self.partsPerRow = partsPerRow
        self.reach = reach
        self.absenceWords = absenceWords
        (self.emptyReasons, self.lostReasons) = (emptyReasons, lostReasons)
        finalReasons = emptyReasons.union(lostReasons)
        (self.beginsWithFirstRow, self.beginsWhenFollowed) = (beginsWithFirstRow, beginsWhenFollowed)
        self.priced = priced
        self.schedules = schedules
        self.corrections = corrections
        self.reread = reread
        followedSet = Set(followed)
    }

    package func calendar(of key: SeriesKey) -> Calendar { calendars.of(key) }

    /// The slots of a series that begin in `[from, to)`.
    package func slots(of key: SeriesKey, from: Int64, to: Int64) -> Range<Int> { calendar(of: key).ruler.slots(from: from, to: to) }

    /// The slots of a series that begin in some periods; where calls ask for what is now, those that are in progress then.
    package func slots(of key: SeriesKey, in periods: Range<Int>) -> Range<Int> {
        let instants = self.periods.instants(of: periods)
        if asksForNow {
            let ruler = calendar(of: key).ruler
            return ruler.slot(containing: instants.lowerBound)..<ruler.slot(containing: instants.upperBound - 1) + 1
        }
        return slots(of: key, from: instants.lowerBound, to: instants.upperBound)
    }

    /// The slots of a series that lie in some periods from their beginning to their end.
    package func wholeSlots(of key: SeriesKey, in periods: Range<Int>) -> Range<Int> {
        let slots = slots(of: key, in: periods)
        if asksForNow { return slots }
        let end = self.periods.start(of: periods.upperBound)
        let isCut = !slots.isEmpty && calendar(of: key).ruler.end(of: slots.upperBound - 1) > end
        return slots.lowerBound..<(isCut ? slots.upperBound - 1 : slots.upperBound)
    }

    /// The instants of a series' slots.
    package func instants(of slots: Range<Int>, of key: SeriesKey) -> Range<Int64> { calendar(of: key).ruler.instants(of: slots) }

    /// Whether a selection means this series: it is followed, and its key values are among those named. A store may hold more
    /// series than settings follow by now.
    package func selects(_ key: SeriesKey, by selection: Selection) -> Bool {
        follows(key) && includes(key, selection.keys)
    }

    /// Whether a series is kept complete.
    package func follows(_ key: SeriesKey) -> Bool { followsStored || followedSet.contains(key) }

    /// Whether a series has one of the values that are given for each key or label, in one spelling.
    package func includes(_ key: SeriesKey, _ wanted: [String: [String]]) -> Bool {
        zip(keys, key.values).allSatisfy { name, value in wanted[name]?.contains(value) ?? true }
            && labels.allSatisfy { label in wanted[label.name]?.contains(label.of(key)) ?? true }
    }

    /// Names by which series are chosen: keys, and labels.
    package var choices: [String] { keys + labels.map(\.name) }

    /// All values that a key or label can have; empty where they are too many to be told.
    package func values(of name: String) -> [String] { labels.first { $0.name == name }?.values ?? keyValues(name) }

    /// Whether there are ways to fill a slot beside calls that name it.
    package var hasWays: Bool {
        shapes.contains {
            switch $0.kind {
            case .newest, .tape, .file, .inference: true
            case .window, .sweep, .batch, .snapshot: false
            }
        }
    }

    package func call(_ shape: String) -> CallShape? { shapes.first { $0.name == shape } }

    /// What is known of a series, and what the upstream's reach adds to it: slots that begin before it are unfillable.
    package func judged(_ ledger: Ledger, now: Int64) -> Ledger {
        guard let reach = reach(ledger.key, now) else { return ledger }
        var ledger = ledger
        // The first slot that begins within reach: one that has begun before is not served whole.
        let first = calendar(of: ledger.key).ruler.slot(containing: reach.from - 1) + 1
        ledger.unfillable.formUnion(SlotSet(min(Reach.ever, first)..<first))
        return ledger
    }

    /// The first slot of a series that is expected of one that is to be kept from `now` on; nil where all are.
    package func firstSlot(of key: SeriesKey, followedAt now: Int64) -> Int? {
        beginsWhenFollowed ? calendar(of: key).ruler.slot(containing: now) : nil
    }

    /// The instant after `now` at which the next slot of this series falls due, whether or not the calendar has it.
    package func nextDue(_ key: SeriesKey, now: Int64) -> Int64 { due(dueBefore(key, now: now), of: key) }

    /// Whether what is still missing when the planned calls have ended is planned anew: by other ways, or since it is told by then that it
    /// is expected, or that what was held has been restated.
    package var plansInWaves: Bool { hasWays || roster != nil || continuity != nil }
}
