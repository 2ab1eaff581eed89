internal import Bytes

/// A local day as the operator delivers it: 96 quarters, labelled by the wall clock, whatever the clock did.
///
/// On the day with 25 hours the second 23:00 has overwritten the first, and hour 22 holds values found nowhere else; on
/// the day with 23 hours, hour 0, which never was, comes as four zeros.
struct DeliveredDay: Sendable {
    enum Kind: Sendable, Hashable {
        case plain
        /// The hour before the one that came twice: values of somewhere else.
        case foreign
        /// An hour that the clock skipped.
        case phantom
    }

    struct Quarter: Sendable {
        let date: LocalDate
        let hour: Int
        let minute: Int
        /// When it began; of a phantom, when the day began.
        let instant: Int64
        let kind: Kind
    }

    let date: LocalDate
    let quarters: [Quarter]

    init(_ date: LocalDate, in zone: Zone) {
        self.date = date
        let isLong = zone.instants(date, hour: 23, minute: 0).count == 2
        let start = zone.start(of: date)
        quarters = (0..<96).map { index in
            let (hour, minute) = (index / 4, index % 4 * 15)
            guard let last = zone.instants(date, hour: hour, minute: minute).last else {
                return Quarter(date: date, hour: hour, minute: minute, instant: start, kind: .phantom)
            }
            return Quarter(
                date: date, hour: hour, minute: minute, instant: last, kind: isLong && hour == 22 ? .foreign : .plain)
        }
    }
}
