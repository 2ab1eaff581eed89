/// When the upstream is asked again for a slot of which it said that it has nothing: after an hour, a day, a week, thirty days, and
/// every thirty days from then on; never where the dataset knows the reason to be final (`Dataset.finalReasons`).
package enum RecheckSchedule {
    private static let distances = [3600, 86_400, 7 * 86_400, 30 * 86_400]

    /// Seconds to wait after so many answers of "nothing", at least 1.
    package static func next(after attempts: Int) -> Int {
        distances[min(max(attempts, 1), distances.count) - 1]
    }

    /// Seconds after which a record that was refused is asked for again, by how long the upstream has told it already: six hours, a day, a
    /// week, thirty days.
    package static let refused = [6 * 3600, 86_400, 7 * 86_400, 30 * 86_400]

    /// When to ask again after an answer at `now`; nil: never.
    static func nextAsk(isFinal: Bool, steps: Int, now: Int64) -> Int64? {
        isFinal ? nil : now + Int64(next(after: steps))
    }
}
