package import Bytes
package import Series

/// On which days shares are traded, and until when: what a bar's instant is measured by. Days are `LocalDate.daysSince1970`.
package struct EquitySessions: Sendable {
    let zone: Zone
    /// Of the exchange.
    let all: SlotSet
    /// Those of a series: while it is listed.
    let of: @Sendable (SeriesKey) -> SlotSet
    /// Local minutes after midnight at which a session closes.
    let closeMinute: @Sendable (LocalDate) -> Int

    /// An ordinary session closes at 16:00.
    static let ordinaryClose = NYSECalendar.close
    /// Seconds from a session's close until its bar is owed.
    static let lag: Int64 = 4 * 3600

    package init(
        zone: Zone, all: SlotSet, of: (@Sendable (SeriesKey) -> SlotSet)? = nil, closeMinute: @escaping @Sendable (LocalDate) -> Int
    ) {
        self.zone = zone
        self.all = all
        self.of = of ?? { _ in all }
        self.closeMinute = closeMinute
    }

    /// The slot's time.
    func start(_ day: Int) -> Int64 { zone.start(of: LocalDate(daysSince1970: day)) }

    private func close(_ day: Int) -> Int64 {
        let date = LocalDate(daysSince1970: day)
        return zone.first(date, minute: closeMinute(date))
    }

    func isDue(_ day: Int, at now: Int64) -> Bool { close(day) + Self.lag <= now }

    /// The day whose midnight an instant in milliseconds is; nil of any other.
    func day(beginningAt stamp: Int64?) -> Int? {
        guard let seconds = stamp.flatMap(Self.seconds) else { return nil }
        let day = zone.day(at: seconds).daysSince1970
        return start(day) == seconds ? day : nil
    }

    /// Whether an instant in milliseconds is a session's close: the real one, or on a day of an early close the ordinary one.
    func isClose(_ stamp: Int64?, of day: Int) -> Bool {
        guard let seconds = stamp.flatMap(Self.seconds) else { return false }
        return seconds == close(day) || seconds == zone.first(LocalDate(daysSince1970: day), minute: Self.ordinaryClose)
    }

    /// The day whose close an instant in milliseconds is, by the same measure; nil of any other.
    func day(closingAt stamp: Int64?) -> Int? {
        guard let stamp, let seconds = Self.seconds(stamp) else { return nil }
        let day = zone.day(at: seconds).daysSince1970
        return isClose(stamp, of: day) ? day : nil
    }

    private static func seconds(_ stamp: Int64) -> Int64? { stamp % 1000 == 0 ? stamp / 1000 : nil }
}
