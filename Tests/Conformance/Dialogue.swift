internal import Series

/// A call under way: the machine, what it waits for, and what came of it so far. A value, so that it can be gone on from a moment twice.
struct Dialogue {
    private var machine: any Exchange
    private(set) var waiting: [UpstreamRequest]
    /// All that were asked for, in their order.
    private(set) var requests: [UpstreamRequest]
    private(set) var end: CallEnd?
    private(set) var rows: [Place: [Value]] = [:]
    private(set) var found: [FoundPlace: [Value]] = [:]
    private(set) var quarantined: [QuarantinedRecord] = []
    private(set) var marks: [QualityMark] = []
    private(set) var last = Step()

    struct Place: Hashable {
        let series: Int
        let time: Int64
    }

    struct FoundPlace: Hashable {
        let key: SeriesKey
        let time: Int64
    }

    /// Requests that no call of a specimen comes near to.
    static let most = 3000

    init(_ exchange: any Exchange) {
        machine = exchange
        waiting = machine.start()
        requests = waiting
    }

    var isOver: Bool { end != nil || waiting.isEmpty || requests.count > Self.most }
    var isProved: Bool { if case .proved = end { true } else { false } }

    /// Gives an answer; where it is refused the request waits on.
    mutating func receive(_ body: [UInt8], to place: Int = 0) throws(AnswerDefect) {
        let request = waiting[place]
        let step = try machine.received(UpstreamAnswer(body: body), to: request)
        waiting.remove(at: place)
        take(step)
    }

    mutating func giveUp(_ place: Int = 0, because cause: FailureClass) {
        take(machine.gaveUp(on: waiting.remove(at: place), because: cause))
    }

    private mutating func take(_ step: Step) {
        for row in step.rows { rows[Place(series: row.series, time: row.time)] = row.values }
        for row in step.found { found[FoundPlace(key: row.key, time: row.time)] = row.values }
        quarantined += step.quarantined
        marks += step.marks
        waiting += step.requests
        requests += step.requests
        end = step.end
        last = step
    }

    /// Goes on with right answers to the end. `pick`: which of the waiting is answered next.
    mutating func finish(_ call: SpecimenCall, pick: (Int) -> Int = { _ in 0 }) throws(AnswerDefect) {
        while !isOver {
            let place = pick(waiting.count)
            if let body = call.answer(waiting[place]) {
                try receive(Array(body.utf8), to: place)
            } else {
                giveUp(place, because: .badRequest)
            }
        }
    }

    /// Whether it came to the same, by the same way.
    func isAsGood(as other: Dialogue) -> Bool {
        requests == other.requests && end == other.end && rows == other.rows && found == other.found
            && last.witnessed == other.last.witnessed && last.unanswered == other.last.unanswered
    }
}

extension SpecimenCall {
    /// Rows that a proved end must not lack: those of the periods that were asked for.
    func lost(_ dialogue: Dialogue, _ dataset: Dataset) -> Int {
        let asked = dataset.periods.instants(of: order.periods)
        // What was refused was told of.
        let refused = Set(dialogue.quarantined.compactMap { record in
            record.series.flatMap { series in record.time.map { Dialogue.Place(series: series, time: $0) } }
        })
        let open = placed.keys.filter { !dialogue.last.unanswered.contains($0.series) && !refused.contains($0) }
        return open.count { dialogue.rows[$0] == nil && asked.contains($0.time) }
            + placedFound.keys.count { dialogue.found[$0] == nil && asked.contains($0.time) }
    }

    var placed: [Dialogue.Place: [Value]] {
        Dictionary(rows.map { (Dialogue.Place(series: $0.series, time: $0.time), $0.values) }) { $1 }
    }

    var placedFound: [Dialogue.FoundPlace: [Value]] {
        Dictionary(found.map { (Dialogue.FoundPlace(key: $0.key, time: $0.time), $0.values) }) { $1 }
    }
}
