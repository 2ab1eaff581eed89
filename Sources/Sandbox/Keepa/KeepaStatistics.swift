/// Figures of one series, as they stand at a minute.
struct KeepaStatistics {
    let series: KeepaSeries
    /// The last minute that counts.
    let end: Int

    var current: Int { series.quote(end)?.landed ?? -1 }

    func value(_ minute: Int) -> Int { series.quote(minute)?.landed ?? -1 }

    /// How long each value held within the range.
    private func held(_ range: Range<Int>, _ each: (_ value: Int, _ from: Int, _ minutes: Int) -> Void) {
        for place in max(0, series.end(range.lowerBound) - 1)..<max(0, series.end(range.upperBound)) {
            let from = max(series.minutes[place], range.lowerBound)
            let until = place + 1 < series.count ? min(series.minutes[place + 1], range.upperBound) : range.upperBound
            if until > from { each(series.quotes[place].landed, from, until - from) }
        }
    }

    /// By time, of the time in which there was a value, cut to a whole; -1 without any.
    func average(_ range: Range<Int>) -> Int {
        var (sum, minutes) = (0, 0)
        held(range) { value, _, length in
            if value < 0 { return }
            sum += value * length
            minutes += length
        }
        return minutes > 0 ? sum / minutes : -1
    }

    func average(days: Int) -> Int { average(end - days * 1_440..<end) }

    /// Per cent of the time that is known; -1 where none is.
    func absence(_ range: Range<Int>) -> Int {
        var (absent, minutes) = (0, 0)
        held(range) { value, _, length in
            if value < 0 { absent += length }
            minutes += length
        }
        return minutes > 0 ? absent * 100 / minutes : -1
    }

    func absence(days: Int) -> Int { absence(end - days * 1_440..<end) }

    /// The lowest and the highest, with the minute of each; nil without any.
    func extremes(_ range: Range<Int>) -> (low: (minute: Int, value: Int), high: (minute: Int, value: Int))? {
        var extremes: (low: (minute: Int, value: Int), high: (minute: Int, value: Int))?
        held(range) { value, from, _ in
            if value < 0 { return }
            guard let known = extremes else { return extremes = ((from, value), (from, value)) }
            if value < known.low.value { extremes?.low = (from, value) }
            if value > known.high.value { extremes?.high = (from, value) }
        }
        return extremes
    }

    /// How often the value fell within the last days, as the service counts sales: every fall between two values that there are, however
    /// small (its recorded answers, held against their own history).
    func drops(days: Int) -> Int {
        let first = series.end(end - days * 1_440)
        return (max(1, first)..<max(1, first, series.end(end))).count { place in
            let before = series.quotes[place - 1].value, value = series.quotes[place].value
            return value > 0 && value < before
        }
    }
}
