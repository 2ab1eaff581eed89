internal import Series
internal import TestSupport

extension Conformance {
    private static let causes: [FailureClass] = [
        .transport, .timeout, .throttled(retryAfterSeconds: nil), .throttled(retryAfterSeconds: 60), .server, .refused, .forbidden,
        .badRequest, .malformed, .tooLarge, .incomplete, .filterIgnored,
    ]

    /// Every call ends, whatever is given up and in whichever order; and no proof lacks what the upstream has.
    static func givingUp(_ specimen: Specimen, _ dice: inout Seeded, _ findings: inout Findings) {
        let dataset = specimen.dataset
        for call in specimen.calls {
            for cause in causes {
                let name = "\(call.order.shape), given up as \(cause)"
                var dialogue = Dialogue(dataset.exchange(call.order))
                while !dialogue.isOver { dialogue.giveUp(dice.below(dialogue.waiting.count), because: cause) }
                findings.expect(dialogue.end != nil, "\(name): does not end")
                findings.expect(!dialogue.isProved, "\(name): proved without an answer")
                judge(dialogue, of: call.order, dataset, &findings, name)
                judge(dialogue.requests, of: call.order, dataset, &findings)
            }
            for trial in 0..<40 where !findings.isFull { mixed(call, trial, dataset, &dice, &findings) }
        }
    }

    private static func mixed(_ call: SpecimenCall, _ trial: Int, _ dataset: Dataset, _ dice: inout Seeded, _ findings: inout Findings) {
        let name = "\(call.order.shape), trial \(trial)"
        let share = [0, 5, 20, 50, 80][trial % 5]
        // What was learnt of prices and pages may be anything.
        let order = call.order
        let drawn = CallOrder(
            shape: order.shape, series: order.series, periods: order.periods, now: order.now,
            requests: [order.requests, 1, .max][dice.below(3)], pageRows: [order.pageRows, 1, 7, 1 << 40][dice.below(4)])
        var dialogue = Dialogue(dataset.exchange(drawn))
        while !dialogue.isOver {
            let place = dice.below(dialogue.waiting.count)
            let body = dice.chance(share) ? nil : call.answer(dialogue.waiting[place])
            let isTaken = body.map { (try? dialogue.receive(Array($0.utf8), to: place)) != nil } ?? false
            if !isTaken { dialogue.giveUp(place, because: causes[dice.below(causes.count)]) }
        }
        findings.expect(dialogue.end != nil, "\(name): does not end")
        judge(dialogue, of: call.order, dataset, &findings, name)
        let lost = dialogue.isProved ? call.lost(dialogue, dataset) : 0
        findings.expect(lost == 0, "\(name): a proof that lacks \(lost) rows")
    }

    /// Orders of shapes that are gone, of series that are none and of periods far away are answered somehow, and end.
    static func oddOrders(_ specimen: Specimen, _ findings: inout Findings) {
        let dataset = specimen.dataset
        let local = dataset.shapes.filter(\.kind.isLocal).map(\.name)
        for call in specimen.calls {
            let order = call.order
            for shape in ["", "no-such-shape", order.shape + " ", order.shape.uppercased() + "-", "../" + order.shape] + local {
                let odd = CallOrder(shape: shape, series: order.series, periods: order.periods, now: order.now, requests: 1)
                let dialogue = Dialogue(dataset.exchange(odd))
                findings.expect(dialogue.requests.isEmpty, "a call of the shape `\(shape)` asks for something")
                end(odd, dataset, &findings)
            }
            for key in oddKeys(dataset) {
                end(CallOrder(shape: order.shape, series: [key], periods: order.periods, requests: 1), dataset, &findings)
                end(CallOrder(shape: order.shape, series: order.series + [key], periods: order.periods, requests: 1), dataset, &findings)
            }
            let none = CallOrder(shape: order.shape, series: [], periods: order.periods, requests: 1)
            end(none, dataset, &findings)
            end(CallOrder(shape: order.shape, series: order.series + order.series, periods: order.periods), dataset, &findings)
            for year in [1, 1583, 1969, 2000, 2038, 2106, 9998] {
                let instant = Int64(year - 1970) * 31_556_952
                let period = dataset.periods.slot(containing: instant)
                for periods in [period..<period, period..<period + 1, period..<period + 40] {
                    for now in [Int64.min / 4, 0, instant, .max] {
                        let odd = CallOrder(shape: order.shape, series: order.series, periods: periods, now: now, requests: 2)
                        end(odd, dataset, &findings)
                    }
                }
            }
        }
    }

    private static func oddKeys(_ dataset: Dataset) -> [SeriesKey] {
        let texts = [
            "", " ", "*", "../..", "a/b?c=d&e#f", "%00", "\u{E9}\u{1F600}", "line\nbreak", "\0", String(repeating: "x", count: 3000),
        ]
        return texts.flatMap { text in
            dataset.keys.indices.map { place in
                var values = dataset.followed.first?.values ?? Array(repeating: "a", count: dataset.keys.count)
                values[place] = text
                return SeriesKey(values)
            } + [SeriesKey(Array(repeating: text, count: dataset.keys.count))]
        }
    }

    private static func end(_ order: CallOrder, _ dataset: Dataset, _ findings: inout Findings) {
        var dialogue = Dialogue(dataset.exchange(order))
        let asks = !dialogue.isOver
        while !dialogue.isOver { dialogue.giveUp(because: .server) }
        if !asks { return }
        let name = "\(order.shape) of \(order.series.map { String($0.description.prefix(40)) }), \(order.periods)"
        let isEnded = dialogue.end != nil && !dialogue.isProved
        findings.expect(isEnded, "\(name): given up, ends \(dialogue.end.map { "\($0)" } ?? "never")")
    }
}
