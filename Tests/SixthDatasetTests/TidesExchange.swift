internal import Bytes
internal import Series

/// A call to `GET /v1/levels?station=&from=&to=`: the hours of one gauge over some days, both included, in one answer.
///
/// The answer counts its levels, and no hour is twice among them: what is not there the office does not have. So one answer is proof,
/// unless a record does not tell its hour, for then nobody knows what it stands for.
struct TidesExchange: Exchange {
    private let periods: Range<Int>
    /// nil where the order is not one that this call can be.
    private let station: String?
    private var outstanding: UpstreamRequest?

    init(_ order: CallOrder) {
        periods = order.periods
        let isOurs = order.shape == "window" && order.series.count == 1 && (1...Tides.windowDays).contains(order.periods.count)
        station = isOurs ? order.series[0].values.first : nil
    }

    mutating func start() -> [UpstreamRequest] {
        guard let station else { return [] }
        let (first, last) = (LocalDate(daysSince1970: periods.lowerBound), LocalDate(daysSince1970: periods.upperBound - 1))
        let request = UpstreamRequest(
            path: "/v1/levels", query: [("station", station), ("from", first.description), ("to", last.description)])
        outstanding = request
        return [request]
    }

    mutating func received(_ answer: UpstreamAnswer, to request: UpstreamRequest) throws(AnswerDefect) -> Step {
        guard let station else { return gaveUp(on: request, because: .malformed) }
        // Whatever throws does so before the machine has changed.
        let answer = try TidesAnswer(answer.body, of: station)
        guard request == outstanding else { return Step() }
        outstanding = nil
        var step = Step()
        var unplaced = 0
        let asked = Tides.days.instants(of: periods)
        for (index, reading) in answer.readings.enumerated() {
            if let time = reading.time, !asked.contains(time) {
                step.dropped += 1
            } else if let time = reading.time, reading.flaw == nil {
                step.rows.append(Row(series: 0, time: time, values: [.decimal(reading.level)]))
            } else {
                if reading.time == nil { unplaced += 1 }
                step.quarantined.append(
                    QuarantinedRecord(
                        reason: reading.flaw ?? "", record: reading.text, series: 0, time: reading.time, place: "levels[\(index)]"))
            }
        }
        step.end = unplaced == 0
            ? .proved("all \(answer.readings.count) levels of the answer were seen")
            : .unproved("\(unplaced) records do not tell their hour")
        return step
    }

    mutating func gaveUp(on request: UpstreamRequest, because cause: FailureClass) -> Step {
        outstanding = nil
        var step = Step()
        step.end = .unproved(station == nil ? "the dataset has no such call" : "the levels were not to be had")
        return step
    }
}
