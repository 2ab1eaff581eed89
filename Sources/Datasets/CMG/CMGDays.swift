internal import Bytes

/// The asked days as the upstream's clock shows them: what instant, if any, an hour of a date stands for.
///
/// The upstream counts 24 hours on every date (measured on recorded days and on the official files by the public study
/// kashibeokok-art/cmg-ingesta):
/// - on the day of 23 hours it delivers a midnight hour that never was, as four zeros;
/// - on the day of 25 hours, 23:00 comes twice on the clock and once in the answer: the second one overwrites the first, which can
///   then not be had. The hour before, 22:00, carries four values that are found nowhere else in that bus's month (real and online;
///   nothing of the kind is known of the programmes). Until the second one is sure to have come, what stands under 23:00 may still be the
///   first one's.
struct CMGDays {
    enum Hour: Equatable {
        /// It begins at this instant.
        case at(Int64)
        /// The clocks jumped over it.
        case skipped
        /// The hour before a doubled one: its values belong to no known hour.
        case foreign
        /// A doubled hour of which it is not sure yet that its second half has come.
        case unsettled
    }

    /// From the start of a doubled hour's second half until what stands under it is taken for its own: online has been seen 5.3 hours late.
    static let settledAfterStart: Int64 = 12 * 3600

    let source: CMGSource
    let days: Range<Int>
    let start: Int64
    /// Quarters from the first day's start to the last one's end.
    let quarters: Int
    /// Of these, how many the upstream can deliver, of hours that are due.
    let obtainable: Int
    /// Every hour of the days is due: they are as whole as they will be.
    let isPast: Bool
    /// An hour that is due and cannot be told from the one before it yet, for people.
    let unsettled: String?
    private let hours: [Hour]
    private let now: Int64

    /// `now`: the shown clock when the answer was asked for.
    init(_ days: Range<Int>, source: CMGSource, zone: Zone, now: Int64 = .max) {
        var hours: [Hour] = []
        hours.reserveCapacity(days.count * 24)
        var obtainable = 0
        var unsettled: String?
        for day in days {
            let date = LocalDate(daysSince1970: day)
            let instants = (0..<24).map { zone.instants(date, hour: $0, minute: 0) }
            for hour in 0..<24 {
                guard let last = instants[hour].last else {
                    hours.append(.skipped)
                    continue
                }
                let isDue = CMGDays.isDue(last, source, now: now)
                if CMGDays.precedesDoubled(hour, instants), !source.isProgramme {
                    hours.append(.foreign)
                } else if instants[hour].count > 1, now < last + CMGDays.settledAfterStart {
                    hours.append(.unsettled)
                    if isDue { unsettled = "\(hour):00 of \(date), which comes twice" }
                } else {
                    hours.append(.at(last))
                    if isDue { obtainable += 4 }
                }
            }
        }
        self.source = source
        self.days = days
        self.hours = hours
        self.now = now
        self.unsettled = unsettled
        self.obtainable = obtainable
        start = zone.start(of: LocalDate(daysSince1970: days.lowerBound))
        let end = zone.start(of: LocalDate(daysSince1970: days.upperBound))
        quarters = Int((end - start) / CMG.quarterSeconds)
        isPast = CMGDays.isDue(end - 3600, source, now: now)
    }

    private static func precedesDoubled(_ hour: Int, _ instants: [[Int64]]) -> Bool {
        hour < 23 && instants[hour].count == 1 && instants[hour + 1].count > 1
    }

    private static func isDue(_ start: Int64, _ source: CMGSource, now: Int64) -> Bool {
        start <= now - 3600 - Int64(source.dueLagSeconds)
    }

    /// Whether the hour that begins at `start` is due.
    func isDue(_ start: Int64) -> Bool { CMGDays.isDue(start, source, now: now) }

    /// Whether the hour that begins at `start` is so long ago that a programme which has not come will not come any more.
    func isLong(_ start: Int64) -> Bool { now >= start + 2 * 86_400 }

    /// nil outside the asked days. `hour` 0...23.
    func hour(_ hour: Int, day: Int) -> Hour? {
        days.contains(day) ? hours[(day - days.lowerBound) * 24 + hour] : nil
    }

    /// The place of a quarter among `quarters`.
    func index(of time: Int64) -> Int { Int((time - start) / CMG.quarterSeconds) }

    static func text(_ day: Int) -> String { LocalDate(daysSince1970: day).description }

    var firstDate: String { LocalDate(daysSince1970: days.lowerBound).description }
    var lastDate: String { LocalDate(daysSince1970: days.upperBound - 1).description }

    /// Two hours share one name on the local clock, for good: what the upstream keeps there says nothing of the other one.
    static let lostReasons = Set(lostTexts.keys)

    /// The calls that asked for such hours were proved all the same, since all came that there is.
    static let lostTexts = [
        "overwritten":
            "None: two hours bear this name on the local clock, and the upstream keeps the second one's values in its place; this one's "
            + "cannot be had.",
        "foreign_values":
            "None: what the upstream delivers as this hour is of no known hour and is not taken; its own values cannot be had.",
    ]

    /// Why the upstream has nothing for the hour that begins at `start`.
    static func absenceReason(_ source: CMGSource?, start: Int64, zone: Zone) -> String {
        let local = zone.local(at: start)
        let instants = (0..<24).map { zone.instants(local.date, hour: $0, minute: 0) }
        if instants[local.hour].count > 1, instants[local.hour].first == start { return "overwritten" }
        if source?.isProgramme != true, precedesDoubled(local.hour, instants) { return "foreign_values" }
        return "no_record"
    }
}
