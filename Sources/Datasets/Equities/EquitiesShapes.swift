package import Series

package enum Equities {
    /// The ways to ask, by their names in plans.
    package enum Shape: String, Sendable {
        /// One ticker, any stretch of days.
        case ticker
        /// One session, all tickers.
        case session
    }

    package static let shapes = [
        CallShape(
            name: Shape.ticker.rawValue, kind: .window(periods: EquitiesPage.limit), fixed: Cost(requests: 1), secondsPerRequest: 1),
        CallShape(name: Shape.session.rawValue, kind: .sweep, fixed: Cost(requests: 1), secondsPerRequest: 1),
    ]

    /// Where pages hold few bars, a call names so many days that one page has them all: of seven in a row no more than five are sessions.
    @Sendable package static func priced(_ shape: CallShape, _ needs: Step.Needs) -> CallShape {
        guard case .window(let most) = shape.kind, needs.pageRows < EquitiesPage.limit else { return shape }
        let rows = max(1, needs.pageRows)
        return shape.costing(1, windows: min(most, rows / 5 * 7 + rows % 5))
    }
}
