/// When the upstream is asked again for a slot of which it said that it has nothing: after an hour, a day, a week, thirty days, and
/// every thirty days from then on.
package enum RecheckSchedule {
    private static let distances = [3600, 86_400, 7 * 86_400, 30 * 86_400]

    /// Seconds to wait after so many answers of "nothing", at least 1.
    package static func next(after attempts: Int) -> Int {
        distances[min(max(attempts, 1), distances.count) - 1]
    }
}
