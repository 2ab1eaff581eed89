internal import Bytes
internal import Series
internal import Store

extension AnswerMaker {
    /// What a range lacks of today, by channel. Series that are not followed any more are not fetched, so they lack nothing.
    func lacking(_ series: [StoredSeries], in scope: Scope) -> [TodayLack] {
        // Tokens are spent by the schedule, on who has waited longest.
        if dataset.asksForNow { return [] }
        let today = dataset.zone.day(at: scope.now)
        let day = max(scope.from, dataset.zone.start(of: today))..<max(
            scope.from, dataset.zone.start(of: today), min(scope.to, dataset.zone.start(of: today.advanced(by: 1))))
        if day.isEmpty { return [] }
        let all = Selection(dataset: dataset.name)
        var dueAt: [String: Int64] = [:]
        for one in series where dataset.selects(one.key, by: all) {
            let calendar = dataset.calendar(of: one.key)
            let slots = calendar.ruler.slots(from: day.lowerBound, to: day.upperBound)
            let end = min(slots.upperBound, scope.dueBefore(one.key))
            if end <= slots.lowerBound { continue }
            let states = scope.judged(one).states(in: slots.lowerBound..<end, calendar: calendar, dueBefore: end)
            guard let last = states.first(where: { $0.state == .missing })?.slots.last else { continue }
            let due = dataset.due(last, of: one.key)
            dueAt[dataset.channel(one.key)] = max(due, dueAt[dataset.channel(one.key)] ?? due)
        }
        return dueAt.sorted { $0.key < $1.key }.map { TodayLack(channel: $0.key, dueAt: $0.value) }
    }

    /// Until when (shown time) an answer holds that lacks slots of today: no longer than today.
    func until(_ change: Int64?, _ lacking: [TodayLack], _ scope: Scope) -> Int64? {
        if lacking.isEmpty { return change }
        let midnight = dataset.zone.start(of: dataset.zone.day(at: scope.now).advanced(by: 1))
        return min(change ?? midnight, midnight)
    }
}
