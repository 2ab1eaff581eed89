package import Bytes
package import Series

extension Kraken {
    /// What is followed, and how.
    package struct Following: Sendable {
        /// Altnames. Kept complete from the start; other pairs are once they were asked for or imported.
        package let pairs: [String]
        /// Minutes: what is meant of a pair where nobody names any.
        package let intervals: [String]
        package let tiers: KrakenTiers

        package static let intervals = ["60", "1440"]

        package init(pairs: [String] = [], intervals: [String] = Following.intervals, tiers: KrakenTiers = .builtIn) {
            self.pairs = pairs
            self.intervals = intervals
            self.tiers = tiers
        }

        package var series: [SeriesKey] {
            var seen: Set<SeriesKey> = []
            return pairs.flatMap { pair in intervals.map { SeriesKey([pair, $0]) } }.filter { seen.insert($0).inserted }
        }
    }

    /// A request a second and pair: Kraken's support text, remembered and not found again; public clients keep to it or below.
    package static let rate = RequestRate(count: 1, seconds: 1)

    package static let baseURL = "https://api.kraken.com"

    /// Committed candles that OHLC tells of, whatever it is asked (docs.kraken.com, get-ohlc-data).
    static let newest = 720

    /// What asks nobody first.
    static let shapes = [
        CallShape(name: "derive", kind: .inference, fixed: .zero, secondsPerRequest: 0),
        CallShape(name: Derivation.evidenceShape, kind: .inference, fixed: .zero, secondsPerRequest: 0),
        CallShape(name: "archive", kind: .file, fixed: .zero, secondsPerRequest: 0),
        CallShape(name: "ohlc", kind: .newest(slots: newest), fixed: Cost(requests: 1), secondsPerRequest: 1),
        CallShape(name: "trades", kind: .tape, fixed: Cost(requests: 1), secondsPerRequest: 1),
    ]

    /// Candles tile time from the epoch on, however long they are.
    static func calendar(of key: SeriesKey) -> Calendar {
        let minutes = KrakenInterval(key.values[1])?.minutes ?? 1
        return Calendar(ruler: .every(seconds: minutes * 60, anchor: 0))
    }

    /// One spelling for one meaning, nil for what can be none.
    @Sendable package static func canonical(_ name: String, _ value: String) -> String? {
        switch name {
        case "pair": KrakenPair(value)?.name
        case "interval": KrakenInterval(value)?.text
        default: value.uppercased()
        }
    }

    /// Half days are in the archive only, weeks and fifteen days in the API only; trades make any.
    @Sendable static func serves(_ shape: String, _ key: SeriesKey) -> Bool {
        guard let interval = KrakenInterval(key.values[1]) else { return false }
        return switch shape {
        case "ohlc": interval.isServed
        case "archive": interval.isArchived
        default: true
        }
    }

    /// Of a tier the pairs of its assets against the US dollar are meant, where none of them is stored yet.
    static func tierLabel(_ tiers: KrakenTiers) -> Label {
        Label(name: "tier", values: KrakenTiers.names) {
            tiers.tier(of: KrakenPair($0.values[0])?.base)
        } expands: { tier in
            ["pair": tiers.assets(of: tier).map { $0 + "USD" }]
        }
    }

    static let slotFields = [
        ShownField("pair", .key(0)), ShownField("interval", .key(1)), ShownField("time", .instant),
        ShownField("open", .value(column: Column.open)), ShownField("high", .value(column: Column.high)),
        ShownField("low", .value(column: Column.low)), ShownField("close", .value(column: Column.close)),
        ShownField("vwap", .value(column: Column.vwap)), ShownField("volume", .value(column: Column.volume)),
        ShownField("trades", .value(column: Column.trades)), ShownField("source", .value(column: Column.source)),
    ]

    /// What people are told of slots in which nothing was traded.
    static let reasonTexts = [
        "no_trade": "None: nothing was traded in this interval, and nothing will have been.",
        "downtime": "None: nothing was traded of any pair, so that Kraken is taken to have been away. An ingestion with complete asks for "
            + "it once more.",
    ]

    /// The newest candles soon after they close, and once a day all that OHLC still reaches: of days that is two years.
    static func schedules(_ zone: Zone) -> [DatasetSchedule] {
        [
            DatasetSchedule("nightly", .daily(minutes: [30], zone), .missing(daysBack: newest), lane: .repair),
            DatasetSchedule("fresh", .hourly(minute: 1), .missing(daysBack: 1), lane: .live),
        ]
    }
}

/// The dataset `kraken`: candles of pairs of Kraken, the exchange, from its archive, its API, its trades, and out of each other.
///
/// - Parameters:
///   - zone: UTC, by which Kraken counts.
///   - rate: what one pair may be asked.
package func kraken(zone: Zone, following: Kraken.Following, rate: RequestRate) -> Dataset {
    Dataset(
        name: "kraken", title: "Candles of pairs traded on Kraken", keys: ["pair", "interval"],
        unit: "quote asset; volume in the base asset",
        zone: zone, calendars: .each(finest: .every(seconds: 60, anchor: 0), of: Kraken.calendar), dueLag: { _ in 0 },
        // Five years, as far as people look when they name no start.
        horizonDays: 1826, shapes: Kraken.shapes, periods: .every(seconds: 60, anchor: 0),
        upstream: UpstreamProfile(
            name: "kraken", credential: .none, rate: rate, requestsInFlight: 8, timeoutSeconds: 30, bodyBytesMax: 4 << 20,
            pacedByChannel: true),
        exchange: krakenExchange, schema: Kraken.schema, slotFields: Kraken.slotFields, partFields: Kraken.slotFields,
        followed: following.series, channel: { $0.values[0] }, absenceWords: .always("no_trade"), emptyReasons: ["no_trade", "downtime"],
        beginsWithFirstRow: true, schedules: Kraken.schedules(zone), labels: [Kraken.tierLabel(following.tiers)],
        group: { "\($0.values[1]) min" }, fetchesToday: false, alarmDays: 30, archive: KrakenArchive.format,
        derivation: KrakenDerivation.derivation, canonical: Kraken.canonical, followsStored: true, servesSeries: Kraken.serves,
        published: KrakenPublication.file, tapePage: 1000,
        defaults: { $0 == "interval" ? following.intervals : [] },
        keyValues: { $0 == "interval" ? KrakenInterval.allCases.map(\.text) : [] }, reread: KrakenReread.reread,
        reasonTexts: Kraken.reasonTexts)
}
