internal import Bytes

/// The asked days as the upstream's clock shows them: what instant, if any, an hour of a date stands for.
///
/// The upstream counts 24 hours on every date (measured on recorded days and on the official files by the public study
/// kashibeokok-art/cmg-ingesta):
/// - on the day of 23 hours it delivers a midnight hour that never was, as four zeros;
/// - on the day of 25 hours, 23:00 comes twice on the clock and once in the answer: the second one overwrites the first, which can
///   then not be had. The hour before, 22:00, carries four values that are found nowhere else in that bus's month. Until the
///   second one is due, what stands under 23:00 may still be the first one's.
struct CMGDays {
    enum Hour: Equatable {
        /// It begins at this instant.
        case at(Int64)
        /// The clocks jumped over it.
        case skipped
        /// The hour before a doubled one: its values belong to no known hour.
        case foreign
    }

    let days: Range<Int>
    let start: Int64
    /// Quarters from the first day's start to the last one's end.
    let quarters: Int
    /// Of these, how many the upstream can deliver.
    let obtainable: Int
    private let hours: [Hour]

    /// `now`: the shown clock when the answer was asked for.
    init(_ days: Range<Int>, zone: Zone, now: Int64 = .max) {
        var hours: [Hour] = []
        hours.reserveCapacity(days.count * 24)
        for day in days {
            let date = LocalDate(daysSince1970: day)
            let instants = (0..<24).map { zone.instants(date, hour: $0, minute: 0) }
            for hour in 0..<24 {
                if let last = instants[hour].last {
                    let precedesDoubled = hour < 23 && instants[hour].count == 1 && instants[hour + 1].count > 1
                    let isUnsettled = instants[hour].count > 1 && now < last + CMG.dueAfterStart
                    hours.append(precedesDoubled || isUnsettled ? .foreign : .at(last))
                } else {
                    hours.append(.skipped)
                }
            }
        }
        self.days = days
        self.hours = hours
        start = zone.start(of: LocalDate(daysSince1970: days.lowerBound))
        let end = zone.start(of: LocalDate(daysSince1970: days.upperBound))
        quarters = Int((end - start) / CMG.quarterSeconds)
        obtainable = 4 * hours.count { if case .at = $0 { true } else { false } }
    }

    /// nil outside the asked days. `hour` 0...23.
    func hour(_ hour: Int, day: Int) -> Hour? {
        days.contains(day) ? hours[(day - days.lowerBound) * 24 + hour] : nil
    }

    /// The place of a quarter among `quarters`.
    func index(of time: Int64) -> Int { Int((time - start) / CMG.quarterSeconds) }

    var firstDate: String { LocalDate(daysSince1970: days.lowerBound).description }
    var lastDate: String { LocalDate(daysSince1970: days.upperBound - 1).description }
}
