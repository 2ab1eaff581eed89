internal import Series

/// The bars of one ticker as its pages bring them: each session once, in the order of time.
struct EquityGathering {
    private let series: SeriesKey
    private let sessions: EquitySessions
    private let listed: SlotSet
    /// Days whose bars are taken.
    private let days: ClosedRange<Int>
    private var bars: [Int: EquityBar] = [:]
    private(set) var quarantined: [QuarantinedRecord] = []
    private(set) var dropped = 0
    /// Bars that do not tell their session.
    private(set) var unplaced = 0
    private var seen = 0

    init(_ series: SeriesKey, _ sessions: EquitySessions, listed: SlotSet, days: ClosedRange<Int>) {
        self.series = series
        self.sessions = sessions
        self.listed = listed
        self.days = days
    }

    /// The first and the last session that something was told of.
    var first: Int? { bars.keys.min() }
    var last: Int? { bars.keys.max() }

    /// Whether the page brought a session that no page before it had.
    mutating func take(_ records: [EquityRecord]) -> Bool {
        let before = bars.count
        for record in records {
            take(record, place: "results[\(seen)]")
            seen += 1
        }
        return bars.count > before
    }

    private mutating func take(_ record: EquityRecord, place: String) {
        let bar = EquityBar(record)
        guard let day = sessions.day(beginningAt: bar.stamp) else {
            unplaced += 1
            return refuse(record, bar.flaw ?? EquityBar.Flaw.notMidnight, nil, place)
        }
        // The upstream may know more than was asked for, and of shares that bore the same name before and after.
        guard days.contains(day), listed.contains(day) || !sessions.all.contains(day) else {
            dropped += 1
            return
        }
        guard sessions.all.contains(day) else { return refuse(record, EquityBar.Flaw.notSession, day, place) }
        // A bar that is refused does not stand in the way of one that is right.
        if let other = bars[day], other.flaw == nil || bar.flaw != nil {
            // A page may begin with the bar that the one before it ended with.
            if other.isSame(as: bar) { dropped += 1 } else { refuse(record, EquityBar.Flaw.twice, day, place) }
            return
        }
        bars[day] = bar
        if let flaw = bar.flaw { refuse(record, flaw, day, place) }
    }

    private mutating func refuse(_ record: EquityRecord, _ reason: String, _ day: Int?, _ place: String) {
        let text = String(decoding: record.text.prefix(QuarantinedRecord.bytesMax + 1), as: UTF8.self)
        quarantined.append(QuarantinedRecord(reason: reason, record: text, series: 0, time: day.map(sessions.start), place: place))
    }

    /// Hands over what came.
    func give(to step: inout Step) {
        step.dropped += dropped
        step.quarantined += quarantined
        var marks = EquityMarks()
        for day in bars.keys.sorted() {
            guard let bar = bars[day], bar.flaw == nil else { continue }
            let row = Row(series: 0, time: sessions.start(day), values: bar.values)
            marks.add(row.values, isNext: marks.last.map { listed.count(in: $0..<day) == 1 } ?? false, day)
            step.rows.append(row)
        }
        step.marks += marks.counted(series: 0)
    }
}
