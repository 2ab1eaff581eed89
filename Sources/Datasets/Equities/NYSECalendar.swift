package import Bytes
package import Series

/// On which days the New York Stock Exchange trades, and when it closes: the holidays by the exchange's rules, what departed from them,
/// and what a person's table says, from 2000-01-01 to 2060-12-31. Outside of these years there is no session.
package struct NYSECalendar: Sendable, Hashable {
    /// Day numbers (`LocalDate.daysSince1970`).
    package let sessions: SlotSet

    /// Minutes after midnight by day numbers, of the sessions that do not close at 16:00.
    private let closes: [Int: Int]

    /// The close of an ordinary session, 16:00, and of one before or after a holiday, 13:00, in minutes after midnight of New York.
    static let close = 960
    static let earlyClose = 780
    static let years = 2000...2060

    package static let builtIn: NYSECalendar = {
        let days = Civil.days(year: years.lowerBound, month: 1, day: 1)..<Civil.days(year: years.upperBound + 1, month: 1, day: 1)
        let weekdays = SlotSet(ranges: days.lazy.filter { (1...5).contains(Civil.weekday(days: $0)) }.map { $0..<$0 + 1 })
        let rules = years.map(NYSEYear.init)
        let holidays = SlotSet(ranges: rules.lazy.flatMap(\.holidays).map { $0..<$0 + 1 })
        let closes = rules.flatMap(\.earlyCloses).map { ($0, earlyClose) }
        return NYSECalendar(sessions: weekdays.subtracting(holidays), closes: Dictionary(uniqueKeysWithValues: closes))
            .replacing(NYSEException.known.map { ($0.day, $0.close) })
    }()

    package func isSession(_ date: LocalDate) -> Bool { sessions.contains(date.daysSince1970) }

    /// Local minutes after midnight at which the session closes: 960 (16:00) but for early closes, which are mostly at 780 (13:00). Of a
    /// day without a session: 960.
    package func closeMinute(_ date: LocalDate) -> Int { closes[date.daysSince1970] ?? Self.close }

    /// This calendar with other words on some days: the minute of the close, or nil for a day without a session.
    private func replacing(_ entries: some Sequence<(day: Int, close: Int?)>) -> NYSECalendar {
        var (opened, closed, closes) = ([Range<Int>](), [Range<Int>](), closes)
        for (day, close) in entries {
            if close == nil { closed.append(day..<day + 1) } else { opened.append(day..<day + 1) }
            closes[day] = close == Self.close ? nil : close
        }
        return NYSECalendar(
            sessions: sessions.union(SlotSet(ranges: opened)).subtracting(SlotSet(ranges: closed)), closes: closes)
    }

    private init(sessions: SlotSet, closes: [Int: Int]) { (self.sessions, self.closes) = (sessions, closes) }
}

// MARK: - A table of one's own

extension NYSECalendar {
    /// This calendar with the entries of a CSV text (RFC 4180, UTF-8) of the header `date,session`; an entry replaces what is said of its
    /// day. `session` is `closed`, `open` (to 16:00) or the time of the close in New York, such as `13:00`.
    package func extended(byCSV text: [UInt8]) throws(TableRefusal) -> NYSECalendar {
        let own = try TwoColumnTable(key: "date", value: "session").read(text) { date, session throws(TwoColumnTable.Flaw) in
            guard let day = LocalDate(date), Self.years.contains(day.year) else {
                throw TwoColumnTable.Flaw(
                    "date", "expected a day from \(Self.years.lowerBound)-01-01 to \(Self.years.upperBound)-12-31, as YYYY-MM-DD")
            }
            if session == "closed" { return (date, session) }
            if session == "open" { return (date, String(Self.close)) }
            guard let minute = Self.minute(session) else {
                throw TwoColumnTable.Flaw("session", "expected closed, open or a close after 09:30 and no later than 16:00, such as 13:00")
            }
            return (date, String(minute))
        }
        return replacing(own.compactMap { date, close in LocalDate(date).map { ($0.daysSince1970, Int(close)) } })
    }

    /// `HH:MM` between the opening at 09:30 and 16:00, as minutes after midnight.
    private static func minute(_ text: String) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), minute < 60, (571...close).contains(hour * 60 + minute)
        else { return nil }
        return hour * 60 + minute
    }
}
