package import Bytes
package import Series

/// Daily bars of US stocks and exchange-traded funds by Polygon (Massive since October 2025), adjusted for splits.
///
/// A slot is a session of the New York Stock Exchange. A call brings one ticker over any stretch, or all tickers of one session, so that a
/// plan is a choice between rows and columns.
extension Equities {
    package static let baseURL = "https://api.polygon.io"

    /// What the free plan allows: pages and refused requests count (massive-com/client-python#601, #870).
    package static let rate = RequestRate(count: 5, seconds: 60)

    /// What is followed, and when.
    package struct Following: Sendable {
        package let tickers: EquityTickers
        package let calendar: NYSECalendar
        /// How far back the plan of the key serves, in seconds; nil: nothing limits it.
        package let historySeconds: Int64?

        package init(tickers: EquityTickers = .builtIn, calendar: NYSECalendar = .builtIn, historySeconds: Int64? = nil) {
            self.tickers = tickers
            self.calendar = calendar
            self.historySeconds = historySeconds
        }

        /// By ticker, the sessions within the listing's dates, where these are not all.
        fileprivate var sessionsOfListings: [String: SlotSet] {
            var result: [String: SlotSet] = [:]
            for listing in tickers.listings where listing.from != nil || listing.until != nil {
                let first = listing.from?.daysSince1970 ?? Ledger.always.lowerBound
                let end = listing.until?.daysSince1970 ?? Ledger.always.upperBound
                result[listing.ticker] = calendar.sessions.intersection(first..<max(first, end))
            }
            return result
        }
    }

    /// One spelling for one meaning, nil for what can be none.
    @Sendable package static func canonical(_ name: String, _ value: String) -> String? {
        name == "ticker" ? EquityTickers.canonical(value) : value
    }

    /// The evening's run, when all of the day has fallen due; in the morning what was corrected overnight. Behind each of them what lacks
    /// farther back, and what a split has made stale.
    static func schedules(_ zone: Zone) -> [DatasetSchedule] {
        [
            DatasetSchedule("daily", .daily(minutes: [20 * 60 + 15], zone), .missing(daysBack: 30), lane: .repair),
            DatasetSchedule("history", .daily(minutes: [9 * 60 + 45, 20 * 60 + 45], zone), .everyHole, lane: .history),
            DatasetSchedule("corrections", .daily(minutes: [9 * 60 + 15], zone), .corrections, lane: .repair),
        ]
    }

    /// Yesterday's bar may have been corrected, and shows by its prices where the ticker has been split since; the one before it shows that
    /// where yesterday's came after the split.
    static let corrections = [Correction(keys: [:], lastSlots: 2)]

    static let absent = "no_bar"

    /// What people are told of slots without a row that stands.
    static let reasonTexts = [
        absent: "Wait: the upstream has no bar of this ticker on this session, and is asked again at growing distances. Where no ticker "
            + "has one, the exchange may have been closed: say so in EQUITIES_CALENDAR_FILE.",
        Continuity.reason: "Start an ingestion that holds this session: the bar that is held was taken before the session was due, or the "
            + "ticker has been split since. The evening's run asks for it too.",
    ]

    static let quality = QualityRules(
        checks: [
            .init("schema", weight: 1, "Open, high, low, close and volume are there, and are numbers."),
            .init("ohlc", weight: 1, "Open and close lie between low and high."),
            .init("range", weight: 1, "Prices are positive and no higher than ten millions."),
            .init("volume", weight: 1, "The volume is not negative."),
            .init("duplicate", weight: 0.5, "A session comes once, or with equal values."),
            .init("calendar", weight: 0.5, "The bar's instant is that of a session."),
            .init("jump", weight: 0.2, "The close is within a factor of 1.5 of the session's before."),
            .init("stale", weight: 0.2, "Prices and volume are not all those of the session's before."),
        ],
        refusals: [
            "empty cells": "schema", "not a number": "schema", "high below low": "ohlc", "open or close outside high and low": "ohlc",
            "price not positive": "range", "price out of range": "range", "negative volume": "volume", "volume out of range": "volume",
            "not a session": "calendar", "not at midnight": "calendar", "not of this session": "calendar",
            "twice with other values": "duplicate",
        ])

    /// The plan of a key may serve some years only.
    static func reach(_ zone: Zone, _ historySeconds: Int64, now: Int64) -> Reach {
        // The day moves at midnight.
        let first = zone.day(at: now - historySeconds).advanced(by: 1)
        let holds = zone.range(of: zone.day(at: now))
        return Reach(
            from: zone.start(of: first), reason: "before_plan",
            action: "A plan of the upstream that serves older history would fill it; then set POLYGON_HISTORY.",
            holds: holds)
    }
}

/// The dataset `equities`.
///
/// - Parameters:
///   - zone: New York's.
///   - rate: what the key may spend, pages and refused requests included.
package func equities(zone: Zone, following: Equities.Following, rate: RequestRate) -> Dataset {
    let listed = following.sessionsOfListings
    let all = following.calendar.sessions
    let days = Ruler.days(zone)
    let usual = Calendar(ruler: days, existing: .sessions(all))
    let own = listed.mapValues { Calendar(ruler: days, existing: .sessions($0)) }
    let calendar = following.calendar
    let sessions = EquitySessions(
        zone: zone, all: all, of: { $0.values.first.flatMap { listed[$0] } ?? all }, closeMinute: { calendar.closeMinute($0) })
    return Dataset(
        name: "equities", title: "Daily bars of US stocks and funds, adjusted for splits", keys: ["ticker"], unit: "USD; volume in shares",
        zone: zone, calendars: .each(finest: days, of: { $0.values.first.flatMap { own[$0] } ?? usual }),
        dueLag: { _ in Int(EquitySessions.lag) }, horizonDays: 730, shapes: Equities.shapes, periods: days,
        upstream: UpstreamProfile(
            name: "polygon", credential: .header("Authorization"), rate: rate, requestsInFlight: 4, timeoutSeconds: 60,
            bodyBytesMax: 32 << 20),
        exchange: { Equities.exchange($0, sessions) }, schema: Equities.schema, slotFields: Equities.fields, partFields: Equities.fields,
        followed: following.tickers.listings.map { SeriesKey([$0.ticker]) },
        reach: { _, now in following.historySeconds.map { Equities.reach(zone, $0, now: now) } },
        // The evening's run comes a quarter of an hour after an ordinary session has fallen due, and three and a quarter after a short one.
        askLag: { _ in 4 * 3600 }, absenceWords: .always(Equities.absent), beginsWithFirstRow: true, priced: Equities.priced,
        schedules: Equities.schedules(zone), corrections: Equities.corrections, group: { _ in "" }, alarmDays: 30,
        canonical: Equities.canonical, reread: Equities.reread(sessions),
        dueFrom: .close { day in
            let date = LocalDate(daysSince1970: day)
            return zone.first(date, minute: calendar.closeMinute(date))
        },
        family: { $0.values[0] },
        continuity: Continuity(restated: EquitySplits.restated, breaks: EquitySplits.breaks, odd: EquityMarks.odd),
        quality: Equities.quality,
        reasonTexts: Equities.reasonTexts, processingSeconds: 7200)
}
