/// What a plan of a dataset with several ways depends on beside its demand.
package struct Circumstances: Sendable {
    /// The shown clock: windows of newest slots are counted from it.
    package var now: Int64
    /// What is known of the series of the channels concerned, whether they are asked for or not.
    package var ledgers: [SeriesKey: Ledger]
    /// Files that have not been read yet, of one series the earlier editions first.
    package var files: [FileAtHand]
    /// How much happens in a stretch of a channel, in events a second, as its neighbours tell; nil where nothing does.
    package var events: @Sendable (_ channel: String, _ stretch: Range<Int64>) -> Double?
    package var ways: Selection.Ways
    /// When a series was last heard of, or else first to be kept: what calls for what is now begin with.
    package var seen: [SeriesKey: Int64] = [:]
    /// Tokens that a subject costs, as was learnt (`CallShape.priceKey`); where nothing was, the shape tells (`perSeries`).
    package var tokenPrices: [String: Double] = [:]

    package init(
        now: Int64, ledgers: [SeriesKey: Ledger] = [:], files: [FileAtHand] = [], ways: Selection.Ways = Selection.Ways(),
        events: @escaping @Sendable (String, Range<Int64>) -> Double? = { _, _ in nil }
    ) {
        self.now = now
        self.ledgers = ledgers
        self.files = files
        self.ways = ways
        self.events = events
    }

    package init(
        now: Int64, ledgers: some Sequence<Ledger>, files: [FileAtHand] = [], ways: Selection.Ways = Selection.Ways(),
        events: @escaping @Sendable (String, Range<Int64>) -> Double? = { _, _ in nil }
    ) {
        self.init(
            now: now, ledgers: Dictionary(ledgers.map { ($0.key, $0) }) { first, _ in first }, files: files, ways: ways, events: events)
    }
}

/// A file of one series that can be read without asking anybody.
package struct FileAtHand: Sendable, Hashable {
    /// The store's.
    package let id: Int64
    package let series: SeriesKey
    /// Instants, from its first row to the end of its last.
    package let span: Range<Int64>
    package let rows: Int?

    package init(id: Int64, series: SeriesKey, span: Range<Int64>, rows: Int? = nil) {
        self.id = id
        self.series = series
        self.span = span
        self.rows = rows
    }
}

/// A file that the upstream publishes for people to fetch.
package struct PublishedFile: Sendable, Hashable {
    /// As it is offered: `Kraken_OHLCVT_Q1_2026.zip`.
    package let name: String
    /// The file in it that holds the series, where it holds many.
    package let member: String?
    /// Instants that it tells of.
    package let span: Range<Int64>

    package init(name: String, member: String? = nil, span: Range<Int64>) {
        self.name = name
        self.member = member
        self.span = span
    }
}
