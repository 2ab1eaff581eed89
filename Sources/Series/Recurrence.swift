package import Bytes

/// When something is to be done again and again. Pure: the instants follow from the rule and the zone alone.
package enum Recurrence: Sendable, Hashable {
    /// Each local day at these times, in minutes of the day (03:00 is 180). A time that the clock jumps over is taken at the moment of the
    /// jump, one that it shows twice at the first of the two: once a day and time, on days of 23 and 25 hours too.
    case daily(minutes: [Int], Zone)
    /// Each hour of UTC at this minute, 0...59: once in each hour that passes, whatever the clocks on the wall do.
    case hourly(minute: Int)
    /// Every so many minutes, at least 1, counted from 1970: of 10, six times in each hour.
    case every(minutes: Int)

    /// The first instant after this one, seconds since 1970.
    package func next(after instant: Int64) -> Int64 {
        switch self {
        case .hourly(let minute):
            let offset = Int64(minute) * 60
            let passed = (instant - offset) % 3600
            return instant + 3600 - (passed < 0 ? passed + 3600 : passed)
        case .every(let minutes):
            let step = Int64(max(1, minutes)) * 60
            return ((instant.flooredQuotient(step)) + 1) * step
        case .daily(let minutes, let zone):
            // From the day before on: where a time of it was jumped over, the jump may lie in this day.
            var date = zone.day(at: instant).advanced(by: -1)
            while true {
                let times = minutes.map { zone.first(date, minute: $0) }.filter { $0 > instant }
                // A day that a place skipped altogether has no run: its times would fall into the next one, which has its own.
                if let next = times.min(), !zone.range(of: date).isEmpty { return next }
                date = date.advanced(by: 1)
            }
        }
    }

    /// For people: `03:00 America/Santiago`, `every hour at minute 5`. Another rule has another text.
    package var words: String {
        switch self {
        case .hourly(let minute): "every hour at minute \(minute)"
        case .every(let minutes): "every \(minutes) minutes"
        case .daily(let minutes, let zone):
            minutes.sorted().map { Self.two($0 / 60) + ":" + Self.two($0 % 60) }.joined(separator: ", ") + " " + zone.name
        }
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
