package import Bytes
package import Series

/// What trading accounts did, hour by hour and day by day, as a risk API for trading firms tells it (`/v2/metrics/hourly` and `daily`).
///
/// An account has rows only of days and hours in which something happened. Which days it has is told by the listing of all accounts of a
/// day, the **roster**; which hours are missing follows from the day's own count of trades.
package enum Accounts {
    /// In place of an account: all of them.
    static let everyone = "*"
    static let roster = SeriesKey([everyone, Grain.day.rawValue])

    /// A client of this upstream keeps itself to ten requests a second (carlosricojr/daily-profit-model, src/utils/api_client.py).
    package static let rate = RequestRate(count: 10, seconds: 1)

    /// Accounts that one call names. The same client's figure, as is the most: 41 times 24 rows fit one page of 1000.
    package static let batch = 25
    package static let batchMax = 41

    static let daySeconds: Int64 = 86_400
    static let hourSeconds: Int64 = 3600

    /// What is followed: the accounts that are named; where none is, all that the roster lists.
    package struct Following: Sendable {
        package let accounts: [String]
        /// Whether days are listed: not where there is no upstream to list them, nor where accounts are named. A held roster says that who
        /// has no row of the day has none, so that none of its rows may be left out: the days of named accounts are asked by their names.
        package let hasRoster: Bool

        package init(accounts: [String] = [], hasUpstream: Bool = true) {
            self.accounts = accounts
            hasRoster = hasUpstream && accounts.isEmpty
        }

        var series: [SeriesKey] {
            var seen: Set<String> = []
            let named = accounts.filter { seen.insert($0).inserted }.flatMap { account in
                Grain.allCases.map { SeriesKey([account, $0.rawValue]) }
            }
            return (hasRoster ? [Accounts.roster] : []) + named
        }
    }

    /// How long a series' slots are.
    enum Grain: String, CaseIterable {
        case hour, day

        init?(_ text: String) {
            switch text.lowercased() {
            case "hour", "h", "pt1h", "hourly": self = .hour
            case "day", "d", "p1d", "daily": self = .day
            default: return nil
            }
        }

        var seconds: Int64 { self == .hour ? Accounts.hourSeconds : Accounts.daySeconds }
    }

    /// Which calls can fill a series. Of all accounts together there are days only: its hours are of no channel, and are no series.
    enum Channel: String {
        case hour, day, roster
    }

    @Sendable static func channel(_ key: SeriesKey) -> String {
        guard key.values.count == 2, let grain = Grain(rawValue: key.values[1]) else { return "" }
        if key == roster { return Channel.roster.rawValue }
        return key.values[0] == everyone ? "" : grain == .hour ? Channel.hour.rawValue : Channel.day.rawValue
    }

    /// One spelling for one meaning, nil for what can be none.
    @Sendable package static func canonical(_ name: String, _ value: String) -> String? {
        switch name {
        case "account_id": AccountName.read(value) ?? (AccountName.trimmed(value) == everyone ? everyone : nil)
        case "grain": Grain(AccountName.trimmed(value))?.rawValue
        default: value
        }
    }

    @Sendable static func calendar(of key: SeriesKey) -> Calendar {
        Calendar(ruler: .every(seconds: Int((Grain(rawValue: key.values.last ?? "") ?? .hour).seconds), anchor: 0))
    }

    /// A night's run when the day before has fallen due, and its corrections when that is over.
    static func schedules(_ zone: Zone) -> [DatasetSchedule] {
        [
            DatasetSchedule("nightly", .daily(minutes: [2 * 60 + 30], zone), .missing(daysBack: 30), lane: .repair),
            DatasetSchedule("corrections", .daily(minutes: [4 * 60], zone), .corrections, lane: .repair),
        ]
    }

    /// Rows of a day are revised once, within a day or two of its end, and the last hours of it come late: hours are asked for again at
    /// both ages. A listing is a request for a thousand accounts, where hours are one for 25: it is asked for again at three days,
    /// seven and thirty as well, for accounts whose daily row came late or has another count of trades by now.
    static func corrections(_ following: Following) -> [Correction] {
        [
            Correction(keys: ["grain": [Grain.hour.rawValue]], ages: [1, 2]),
            // Days of named accounts are asked as often as the listing would be, which would bring them.
            Correction(keys: following.hasRoster ? ["account_id": [everyone]] : ["grain": [Grain.day.rawValue]], ages: [1, 3, 7, 30]),
        ]
    }

    static let rosterRules = Roster(
        series: roster, key: "account_id", isListed: { channel($0) == Channel.day.rawValue },
        teller: { channel($0) == Channel.hour.rawValue ? SeriesKey([$0.values[0], Grain.day.rawValue]) : nil },
        told: { channel($0) == Channel.day.rawValue ? [SeriesKey([$0.values[0], Grain.hour.rawValue])] : [] },
        tellerCount: "num_trades", toldCount: "num_trades", emptyReason: "no_trade", doubtReason: "trades_differ",
        untoldReason: "day_unknown", unexpectedReason: "no_daily_row")

    /// What people are told of slots without a row.
    static let reasonTexts = [
        "no_trade": "None: the hours that are held have all trades of the day; nothing happened in this one.",
        "trades_differ": "Wait for the next ask, or start an ingestion of mode refresh to ask now: the upstream says nothing of this hour, "
            + "but the day counts other trades than its hours.",
        "day_unknown": "Start an ingestion that holds this day: its daily metrics have to be fetched first, for they say which hours are "
            + "expected; the hours follow in the same ingestion.",
        "no_daily_row": "None of an hour, which is expected of no day that the upstream does not list the account on. The account's day is "
            + "asked for again by itself; an ingestion of mode refresh asks now.",
    ]
}

/// The dataset `accounts`.
///
/// - Parameters:
///   - zone: UTC, by which the upstream counts days and hours.
///   - rate: what the upstream lets its key spend.
///   - batch: accounts that one call names, 1...41.
package func accounts(zone: Zone, following: Accounts.Following, rate: RequestRate, batch: Int) -> Dataset {
    Dataset(
        name: "accounts", title: "What trading accounts did, hour by hour and day by day", keys: ["account_id", "grain"],
        unit: "account currency", zone: zone,
        calendars: .each(finest: .every(seconds: 3600, anchor: 0), of: Accounts.calendar), dueLag: { _ in 7200 }, horizonDays: 30,
        shapes: Accounts.shapes(batch: batch), periods: .every(seconds: 86_400, anchor: 0),
        upstream: UpstreamProfile(
            name: "metrics", credential: .header("apiKey"), rate: rate, requestsInFlight: 4, timeoutSeconds: 120,
            bodyBytesMax: 16 << 20),
        exchange: { order -> any Exchange in
            // Once it is known how long listings are, calls that were planned before are not cut off for it.
            let most = order.pageRows == nil ? order.requests : .max
            return AccountsQuest(order).map { AccountsExchange($0, requestsMax: most) } ?? UnknownShape()
        },
        schema: Accounts.hours, slotFields: Accounts.hourFields, partFields: Accounts.hourFields,
        tables: [
            Accounts.Channel.day.rawValue: RowTable(schema: Accounts.days, slotFields: Accounts.dayFields),
            Accounts.Channel.roster.rawValue: RowTable(schema: Accounts.days, slotFields: Accounts.dayFields),
        ],
        followed: following.series, channel: Accounts.channel,
        // The night's run asks half an hour after a day has fallen due.
        askLag: { _ in 1800 },
        absenceWords: .bySlot { key, _ in
            // What silence on an hour means its day says; as long as nobody has asked it, nothing is known to be empty.
            Accounts.channel(key) == Accounts.Channel.hour.rawValue ? Accounts.rosterRules.doubtReason : "no_daily_row"
        },
        emptyReasons: [Accounts.rosterRules.emptyReason], priced: Accounts.priced, schedules: Accounts.schedules(zone),
        corrections: Accounts.corrections(following), group: { $0.values.last ?? "" }, fetchesToday: false, canonical: Accounts.canonical,
        followsStored: following.accounts.isEmpty,
        keyValues: { $0 == "grain" ? Accounts.Grain.allCases.map(\.rawValue) : [] },
        reread: AccountsReread.reread, dueFrom: .periodEnd, roster: Accounts.rosterRules,
        readDefaults: ["grain": Accounts.Grain.hour.rawValue], reasonTexts: Accounts.reasonTexts)
}
