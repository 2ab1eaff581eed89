/// Which of several ways reach which slots of a series: one arithmetic for plans, reports and alarms.
extension Dataset {
    /// Whether calls of a shape can name a series.
    package func serves(_ shape: CallShape, _ key: SeriesKey) -> Bool {
        (shape.channel.isEmpty || shape.channel == channel(key)) && servesSeries(shape.name, key)
    }

    /// The slots of a series that its upstream still tells of as its newest, without the one in progress; nil where it has no such call.
    package func newestReach(of key: SeriesKey, now: Int64) -> Range<Int>? { newestReach(of: key, now: now, shapes: shapes) }

    func newestReach(of key: SeriesKey, now: Int64, shapes: [CallShape]) -> Range<Int>? {
        guard let (_, count) = newestShape(of: key, among: shapes) else { return nil }
        let current = calendar(of: key).ruler.slot(containing: now)
        return current - count..<current
    }

    /// When a slot is no longer among the newest: from this instant on it is not to be had so.
    package func leavesNewest(_ slot: Int, of key: SeriesKey) -> Int64? {
        guard let (_, count) = newestShape(of: key, among: shapes) else { return nil }
        return calendar(of: key).ruler.end(of: slot + count)
    }

    func newestShape(of key: SeriesKey, among shapes: [CallShape]) -> (shape: CallShape, slots: Int)? {
        for shape in shapes {
            if case .newest(let slots) = shape.kind, serves(shape, key) { return (shape, slots) }
        }
        return nil
    }

    /// The periods in which some slots of a series lie, from the first one's beginning to the last one's end.
    func periods(holding slots: Range<Int>, of key: SeriesKey) -> Range<Int> {
        let ruler = calendar(of: key).ruler
        let (from, to) = (ruler.start(of: slots.lowerBound), ruler.end(of: slots.upperBound - 1))
        return periods.slot(containing: from)..<periods.slot(containing: to - 1) + 1
    }
}

extension CallShape.Kind {
    /// Of those kinds that make a ladder of ways.
    var isRung: Bool {
        switch self {
        case .newest, .tape, .file, .inference: true
        case .window, .sweep, .batch, .snapshot: false
        }
    }
}
