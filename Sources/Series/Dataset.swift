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
    package let calendar: Calendar
    /// Seconds from a slot's end until the upstream owes it.
    package let dueLag: @Sendable (SeriesKey) -> Int
    /// How far back people look when they name no start, in days.
    package let horizonDays: Int

    // Fact 2: what a call can cover and what it costs.
    package let shapes: [CallShape]
    /// The unit of time that calls speak in (CMG: local days).
    package let periods: Ruler

    // Fact 3: how a call goes.
    package let upstream: UpstreamProfile
    package let exchange: @Sendable (CallOrder) -> any Exchange

    // Fact 4: the rows, and how they are shown.
    package let schema: RowSchema
    package let slotFields: [ShownField]
    package let partFields: [ShownField]

    /// The series that settings ask to keep complete.
    package let followed: [SeriesKey]
    private let followedSet: Set<SeriesKey>

    package init(
        name: String, title: String, keys: [String], unit: String, zone: Zone, calendar: Calendar,
        dueLag: @escaping @Sendable (SeriesKey) -> Int, horizonDays: Int, shapes: [CallShape], periods: Ruler,
        upstream: UpstreamProfile, exchange: @escaping @Sendable (CallOrder) -> any Exchange, schema: RowSchema,
        slotFields: [ShownField], partFields: [ShownField], followed: [SeriesKey]
    ) {
        self.name = name
        self.title = title
        self.keys = keys
        self.unit = unit
        self.zone = zone
        self.calendar = calendar
        self.dueLag = dueLag
        self.horizonDays = horizonDays
        self.shapes = shapes
        self.periods = periods
        self.upstream = upstream
        self.exchange = exchange
        self.schema = schema
        self.slotFields = slotFields
        self.partFields = partFields
        self.followed = followed
        followedSet = Set(followed)
    }

    /// Whether a selection means this series: it is followed, and its key values are among those named. A store may hold more
    /// series than settings follow by now.
    package func selects(_ key: SeriesKey, by selection: Selection) -> Bool {
        followedSet.contains(key) && selection.includes(key, names: keys)
    }

    /// The first slot that is not yet due at `now`: all before it are.
    package func dueBefore(_ key: SeriesKey, now: Int64) -> Int {
        // A slot is due when end + lag <= now, so the slot that contains (now - lag) is the first that is not.
        calendar.ruler.slot(containing: now - Int64(dueLag(key)))
    }

    /// The instant at which the next slot of this series falls due.
    package func nextDue(_ key: SeriesKey, now: Int64) -> Int64 {
        calendar.ruler.end(of: dueBefore(key, now: now)) + Int64(dueLag(key))
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
    /// Requests of one call that may be under way at once.
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
