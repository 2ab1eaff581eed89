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
    /// Seconds from a slot's end until the upstream owes it.
    package let dueLag: @Sendable (SeriesKey) -> Int
    /// Seconds from when a slot falls due until what the service does by itself has asked for it at the latest: an alarm waits for that.
    package let askLag: @Sendable (SeriesKey) -> Int
    /// How far back people look when they name no start, in days.
    package let horizonDays: Int
    /// From when on the upstream serves a series at all; nil where nothing ever limits it. `now` is the shown clock.
    package let reach: @Sendable (SeriesKey, _ now: Int64) -> Reach?
    /// Why the upstream has nothing for the slot that starts at this instant, once it has said so: one word, `no_record`.
    package let absenceReason: @Sendable (SeriesKey, _ start: Int64) -> String
    /// Those of these words after which the upstream will say nothing else ever (`no_trade`: an hour without a trade stays without
    /// one): such a slot is not asked for again, unless somebody wants the range refreshed.
    package let finalReasons: Set<String>

    // Fact 2: what a call can cover and what it costs.
    package let shapes: [CallShape]
    /// A shape at the price that a call of it was found to have.
    package let priced: @Sendable (CallShape, Step.Needs) -> CallShape
    /// The channel of a series: calls of the shapes of that channel can fill it, others cannot.
    package let channel: @Sendable (SeriesKey) -> String
    /// The unit of time that calls speak in (CMG: local days).
    package let periods: Ruler

    // Fact 3: how a call goes.
    package let upstream: UpstreamProfile
    package let exchange: @Sendable (CallOrder) -> any Exchange

    // Fact 4: the rows, and how they are shown.
    package let schema: RowSchema
    /// How many parts one row of this series fills, from the part that its time names: 1, or all of a slot where the upstream
    /// speaks of whole slots only (CMG: the programmes are hourly).
    package let partsPerRow: @Sendable (SeriesKey) -> Int
    package let slotFields: [ShownField]
    package let partFields: [ShownField]

    /// What the service asks for by itself.
    package let schedules: [DatasetSchedule]
    /// When what is held is asked for again by itself.
    package let corrections: [Correction]

    /// The series that settings ask to keep complete.
    package let followed: [SeriesKey]
    private let followedSet: Set<SeriesKey>

    package init(
        name: String, title: String, keys: [String], unit: String, zone: Zone, calendars: Calendars,
        dueLag: @escaping @Sendable (SeriesKey) -> Int, horizonDays: Int, shapes: [CallShape], periods: Ruler,
        upstream: UpstreamProfile, exchange: @escaping @Sendable (CallOrder) -> any Exchange, schema: RowSchema,
        slotFields: [ShownField], partFields: [ShownField], followed: [SeriesKey],
        channel: @escaping @Sendable (SeriesKey) -> String = { _ in "" },
        partsPerRow: @escaping @Sendable (SeriesKey) -> Int = { _ in 1 },
        reach: @escaping @Sendable (SeriesKey, Int64) -> Reach? = { _, _ in nil },
        askLag: @escaping @Sendable (SeriesKey) -> Int = { _ in 0 },
        absenceReason: @escaping @Sendable (SeriesKey, Int64) -> String = { _, _ in "no_record" }, finalReasons: Set<String> = [],
        priced: @escaping @Sendable (CallShape, Step.Needs) -> CallShape = { $0.costing($1.requests) },
        schedules: [DatasetSchedule] = [], corrections: [Correction] = []
    ) {
        self.name = name
        self.title = title
        self.keys = keys
        self.unit = unit
        self.zone = zone
        self.calendars = calendars
        self.dueLag = dueLag
        self.askLag = askLag
        self.horizonDays = horizonDays
        self.shapes = shapes
        self.periods = periods
        self.upstream = upstream
        self.exchange = exchange
        self.schema = schema
        self.slotFields = slotFields
        self.partFields = partFields
        self.followed = followed
        self.channel = channel
        self.partsPerRow = partsPerRow
        self.reach = reach
        self.absenceReason = absenceReason
        self.finalReasons = finalReasons
        self.priced = priced
        self.schedules = schedules
        self.corrections = corrections
        followedSet = Set(followed)
    }

    package func calendar(of key: SeriesKey) -> Calendar { calendars.of(key) }

    /// The slots of a series that begin in `[from, to)`.
    package func slots(of key: SeriesKey, from: Int64, to: Int64) -> Range<Int> { calendar(of: key).ruler.slots(from: from, to: to) }

    /// The slots of a series that begin in some periods.
    package func slots(of key: SeriesKey, in periods: Range<Int>) -> Range<Int> {
        let instants = self.periods.instants(of: periods)
        return slots(of: key, from: instants.lowerBound, to: instants.upperBound)
    }

    /// The instants of a series' slots.
    package func instants(of slots: Range<Int>, of key: SeriesKey) -> Range<Int64> { calendar(of: key).ruler.instants(of: slots) }

    /// Whether a selection means this series: it is followed, and its key values are among those named. A store may hold more
    /// series than settings follow by now.
    package func selects(_ key: SeriesKey, by selection: Selection) -> Bool {
        followedSet.contains(key) && selection.includes(key, names: keys)
    }

    /// What is known of a series, and what the upstream's reach adds to it: slots that begin before it are unfillable.
    package func judged(_ ledger: Ledger, now: Int64) -> Ledger {
        guard let reach = reach(ledger.key, now) else { return ledger }
        var ledger = ledger
        // The first slot that begins within reach: one that has begun before is not served whole.
        let first = calendar(of: ledger.key).ruler.slot(containing: reach.from - 1) + 1
        ledger.unfillable.formUnion(SlotSet(min(Reach.ever, first)..<first))
        return ledger
    }

    /// The first slot that is not yet due at `now`: all before it are.
    package func dueBefore(_ key: SeriesKey, now: Int64) -> Int {
        // A slot is due when end + lag <= now, so the slot that contains (now - lag) is the first that is not.
        calendar(of: key).ruler.slot(containing: now - Int64(dueLag(key)))
    }

    /// The instant after `now` at which the next slot of this series falls due, whether or not the calendar has it.
    package func nextDue(_ key: SeriesKey, now: Int64) -> Int64 {
        calendar(of: key).ruler.end(of: dueBefore(key, now: now)) + Int64(dueLag(key))
    }
}

/// Where a dataset's calls go and how they name themselves; the address and the secret come from settings.
package struct UpstreamProfile: Sendable {
    package enum Credential: Sendable {
        /// The secret is a query parameter of this name.
        case query(String)
        /// The secret is a header field of this name.
        case header(String)
        case none
    }

    /// The budget's name: datasets that share a quota share it.
    package let name: String
    package let credential: Credential
    /// What the upstream lets us spend when settings say nothing.
    package let rate: RequestRate
    /// Requests that a process has under way at once when settings say nothing.
    package let requestsInFlight: Int
    package let timeoutSeconds: Int
    package let bodyBytesMax: Int

    package init(
        name: String, credential: Credential, rate: RequestRate, requestsInFlight: Int, timeoutSeconds: Int, bodyBytesMax: Int
    ) {
        self.name = name
        self.credential = credential
        self.rate = rate
        self.requestsInFlight = requestsInFlight
        self.timeoutSeconds = timeoutSeconds
        self.bodyBytesMax = bodyBytesMax
    }
}

/// How far back an upstream serves a series.
package struct Reach: Sendable, Equatable {
    /// Slots that begin before this instant are not to be had.
    package let from: Int64
    /// One word, for programs: `before_first_day`.
    package let reason: String
    /// What a person could do about it, one sentence.
    package let action: String
    /// The stretch of the shown clock in which all this holds: it moved when that began, and moves when it ends.
    package let holds: Range<Int64>

    /// What `holds` of a reach that never moves.
    package static let always: Range<Int64> = .min ..< .max

    /// No slot lies before this one.
    static let ever = -(1 << 40)

    package init(from: Int64, reason: String, action: String, holds: Range<Int64> = Reach.always) {
        self.from = from
        self.reason = reason
        self.action = action
        self.holds = holds
    }
}
