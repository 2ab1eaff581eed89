internal import Bytes

/// A ticker's session as it is told at some instant.
struct ToldBar {
    enum Fate: String {
        /// The service answers with a bar that can be used, or with one that cannot.
        case served, refused
        /// There was one and it is not told.
        case lost
        case noTrade = "no_trade"
        case unlisted, delisted
        /// It is not four hours since the close: what is told, if anything, is not the end of it.
        case open
    }

    /// Of a bar that comes twice.
    enum Copy: String { case same, conflicting }

    let session: SessionCalendar.Session
    var fate: Fate
    /// Of a lost one what would be told.
    var bar: DailyBar?
    /// By which adjusted prices were divided.
    var ratio = 1.0
    /// The last session's, to be corrected in the morning.
    var isUncorrected = false
    /// Emptied cells are null, not absent.
    var emptyIsNull = false
    var copy: Copy?

    var isTold: Bool { bar != nil && fate != .lost }
}

/// What the service knows of all tickers at an instant, with the faults of sessions.
final class EquityBook {
    let calendar: SessionCalendar
    let dice: Dice
    var faults: Sandbox.PolygonFaults
    let tickers: [EquityTicker]
    private let markets: [any EquityMarket]
    private let places: [String: (market: Int, ticker: EquityTicker)]

    init(_ configuration: Sandbox.Configuration) throws {
        let calendar = SessionCalendar(zone: try Zone.load("America/New_York"))
        let polygon = configuration.polygon
        let generated = GeneratedEquities(seed: configuration.seed, polygon, hasBuiltIn: polygon.recording == nil)
        markets = try polygon.recording.map { [try RecordedEquities(directory: $0, calendar: calendar), generated] } ?? [generated]
        var places: [String: (market: Int, ticker: EquityTicker)] = [:]
        for (number, market) in markets.enumerated() {
            for ticker in market.tickers where places[ticker.name] == nil { places[ticker.name] = (number, ticker) }
        }
        self.calendar = calendar
        self.places = places
        tickers = markets.flatMap(\.tickers)
        dice = Dice(seed: configuration.seed)
        faults = configuration.faults.polygon
    }

    func ticker(_ name: String) -> EquityTicker? { places[name]?.ticker }

    func today(_ now: Int64) -> Int { calendar.zone.day(at: now).daysSince1970 }

    /// nil where the exchange is closed that day, or it has not begun.
    func told(_ ticker: EquityTicker, _ day: Int, isAdjusted: Bool = true, now: Int64) -> ToldBar? {
        guard let session = calendar.session(day), session.midnight <= now else { return nil }
        return told(ticker, session, isAdjusted: isAdjusted, now: now)
    }

    /// nil for a ticker that is not one of these. `session` has begun.
    func told(_ ticker: EquityTicker, _ session: SessionCalendar.Session, isAdjusted: Bool = true, now: Int64) -> ToldBar? {
        guard let market = places[ticker.name].map({ markets[$0.market] }) else { return nil }
        let day = session.day
        if day < ticker.first { return ToldBar(session: session, fate: .unlisted) }
        if !ticker.isListed(day) { return ToldBar(session: session, fate: .delisted) }
        if now < session.due, !faults.partialToday || now <= session.open { return ToldBar(session: session, fate: .open) }
        let held = market.bar(ticker, day)
        guard var bar = held ?? market.lost(ticker, day) else { return ToldBar(session: session, fate: .noTrade) }
        var told = ToldBar(session: session, fate: now < session.due ? .open : .served)
        if now < session.close {
            bar = partial(bar, session, now)
        } else if now < session.due {
            // The closing auction's last reports are not in.
            bar.volume = shares(bar.volume, 0.999)
        } else if faults.lateCorrections, now < correction(session) {
            told.isUncorrected = true
            bar = uncorrected(bar, ticker)
        }
        told.ratio = ratio(ticker, day, isAdjusted, now)
        told.bar = bar.split(by: told.ratio)
        let isRecordedAsLost = held == nil && faults.lostSessions
        if isRecordedAsLost || faults.lost[ticker.name]?.contains(day) ?? false || happens(faults.lostSessionRate, 460, ticker, day) {
            told.fate = .lost
            return told
        }
        spoil(&told, ticker)
        if told.fate == .served, told.bar.map({ !$0.isSound }) ?? false { told.fate = .refused }
        return told
    }

    /// 08:00 of the day after.
    func correction(_ session: SessionCalendar.Session) -> Int64 {
        calendar.zone.first(LocalDate(daysSince1970: session.day + 1), minute: 480)
    }

    private func ratio(_ ticker: EquityTicker, _ day: Int, _ isAdjusted: Bool, _ now: Int64) -> Double {
        faults.splits.reduce(1) { ratio, split in
            guard split.ticker == ticker.name else { return ratio }
            let date = LocalDate(daysSince1970: split.day)
            let counts = isAdjusted ? calendar.zone.start(of: date) <= now : split.day <= day
            return counts ? ratio * split.ratio : ratio
        }
    }

    private func partial(_ bar: DailyBar, _ session: SessionCalendar.Session, _ now: Int64) -> DailyBar {
        let part = max(0.01, Double(now - session.open) / Double(session.close - session.open))
        guard let open = bar.open, let high = bar.high, let low = bar.low, let close = bar.close else { return bar }
        func on(_ price: Int64) -> Int64 { open + Int64(Double(price - open) * part) }
        var grown = bar
        (grown.close, grown.high, grown.low) = (on(close), max(open, on(high)), min(open, on(low)))
        grown.vwap = bar.vwap.map { min(max(on($0), grown.low ?? $0), grown.high ?? $0) }
        grown.volume = max(1_000, shares(bar.volume, part))
        grown.transactions = bar.transactions.map { max(1, Int64(Double($0) * part)) }
        return grown
    }

    private func uncorrected(_ bar: DailyBar, _ ticker: EquityTicker) -> DailyBar {
        var early = bar
        early.volume = shares(bar.volume, 0.98 + 0.018 * dice.unit(461, ticker.number, Int64(bar.day)))
        guard dice.pick(4, 462, ticker.number, Int64(bar.day)) == 0, let close = bar.close, let high = bar.high, let low = bar.low else {
            return early
        }
        if close + 100 <= high { early.close = close + 100 } else if close - 100 >= low { early.close = close - 100 }
        return early
    }

    /// A part of a volume, in whole shares.
    private func shares(_ volume: Int64, _ part: Double) -> Int64 { Int64(Double(volume) * part / 1_000) * 1_000 }

    private func spoil(_ told: inout ToldBar, _ ticker: EquityTicker) {
        guard var bar = told.bar else { return }
        let day = bar.day
        if happens(faults.contradictoryRate, 463, ticker, day), let high = bar.high, let low = bar.low {
            if dice.pick(2, 464, ticker.number, Int64(day)) == 0 {
                (bar.high, bar.low) = (low, max(high, low + 100))
            } else {
                bar.close = high + 100
            }
        }
        if happens(faults.emptyCellRate, 465, ticker, day) {
            let cells = dice.pick(7, 466, ticker.number, Int64(day)) + 1
            if cells & 1 != 0 { bar.open = nil }
            if cells & 2 != 0 { bar.high = nil }
            if cells & 4 != 0 { bar.low = nil }
            told.emptyIsNull = dice.pick(2, 467, ticker.number, Int64(day)) == 0
        }
        if happens(faults.conflictingRate, 468, ticker, day) {
            told.copy = .conflicting
        } else if happens(faults.duplicateRate, 469, ticker, day) {
            told.copy = .same
        }
        told.bar = bar
    }

    private func happens(_ rate: Double, _ salt: UInt64, _ ticker: EquityTicker, _ day: Int) -> Bool {
        rate > 0 && dice.unit(salt, ticker.number, Int64(day)) < rate
    }

    /// Those that lack in a session's grouped answer although they are asked for.
    func lacking(_ day: Int) -> Set<String> {
        if faults.groupedLacking == 0 { return [] }
        let asked = tickers.filter { $0.kind != .other && $0.isListed(day) }
        return Set(dice.permutation(asked.count, 470, Int64(day)).prefix(faults.groupedLacking).map { asked[$0].name })
    }
}
