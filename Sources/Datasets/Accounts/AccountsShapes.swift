internal import Series

/// What calls there are and what they cost. A call's price is what it first asks for: batches that are asked again in halves, and listings
/// that are read again from their start, carry `attempt > 0`.
extension Accounts {
    enum Shape: String {
        case hours, days, roster
    }

    /// Rows that a page holds at most.
    static let pageRows = 1000

    static func shapes(batch: Int) -> [CallShape] {
        let series = min(max(batch, 1), batchMax)
        func shape(_ shape: Shape, _ channel: Channel, series: Int) -> CallShape {
            CallShape(
                name: shape.rawValue, channel: channel.rawValue, kind: .batch(series: series), fixed: Cost(requests: 1),
                secondsPerRequest: 1)
        }
        return [
            shape(.hours, .hour, series: series), shape(.days, .day, series: series),
            shape(.roster, .roster, series: 1),
        ]
    }

    /// Requests that a listing of so many records takes: pages meet in one record.
    static func pages(of records: Int, pageRows: Int = Accounts.pageRows) -> Int {
        let step = max(1, pageRows - 1)
        return max(1, (records - 2 + step) / step)
    }

    /// The roster at what it was found to need. Of a batch that was refused as too large, `pageRows` is how many accounts were taken.
    @Sendable static func priced(_ shape: CallShape, _ needs: Step.Needs) -> CallShape {
        guard case .batch(let series) = shape.kind, shape.name != Shape.roster.rawValue else { return shape.costing(needs.requests) }
        return CallShape(
            name: shape.name, channel: shape.channel, kind: .batch(series: min(series, max(1, needs.pageRows))), fixed: shape.fixed,
            perPeriod: shape.perPeriod, perSeries: shape.perSeries, secondsPerRequest: shape.secondsPerRequest)
    }
}
