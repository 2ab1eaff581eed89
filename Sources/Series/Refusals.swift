/// What one call or one file refused, bounded: so many records are kept as they came; of the others only where they speak of a slot, and
/// how many there were. A source gone wrong in every line must not fill the memory, nor the store.
package struct Refusals: Sendable, Equatable {
    /// Where a refused record speaks of something that can be told.
    package struct Place: Sendable, Equatable {
        /// Index into the order's series.
        package let series: Int
        package let time: Int64
    }

    /// Records that are kept of one call or file.
    package static let keptMax = 1000

    /// As they came, in that order.
    package private(set) var kept: [QuarantinedRecord] = []
    /// Of those beyond the bound.
    package private(set) var beyond: [Place] = []
    /// How many of these there were, by the index into the order's series and the reason.
    package private(set) var countsBeyond: [Int: [String: Int]] = [:]
    /// All of them.
    package private(set) var count = 0
    private var room: Int

    package init() { room = Self.keptMax }

    private init(room: Int) { self.room = room }

    package var isEmpty: Bool { kept.isEmpty && beyond.isEmpty && countsBeyond.isEmpty }

    package mutating func add(_ records: [QuarantinedRecord]) {
        count += records.count
        let fitting = records.prefix(room)
        kept += fitting
        room -= fitting.count
        for record in records.dropFirst(fitting.count) {
            guard let series = record.series else { continue }
            countsBeyond[series, default: [:]][record.reason, default: 0] += 1
            if let time = record.time { beyond.append(Place(series: series, time: time)) }
        }
    }

    /// Hands over what was gathered since the last time: for who stores a long file in several transactions. The bound is the whole
    /// file's.
    package mutating func take() -> Refusals {
        let taken = self
        self = Refusals(room: room)
        return taken
    }
}
