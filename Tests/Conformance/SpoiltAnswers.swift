internal import Series
internal import TestSupport

extension Conformance {
    /// Bytes of answers that are read spoilt, for each call: of long answers fewer are tried.
    private static let bytesMost = 400_000

    /// Whatever comes in an answer's place: it is refused, and the machine is as it was; or it is taken, the call ends, and what it gave
    /// can be stored. What is cut off proves nothing.
    static func spoiltAnswers(_ specimen: Specimen, _ dice: inout Seeded, _ findings: inout Findings) {
        for call in specimen.calls {
            guard let moments = moments(of: call, specimen.dataset), let good = moments.last?.then else { continue }
            // The first answer, and of the others the last and one between.
            let chosen = Set([0, moments.count / 2, moments.count - 1]).sorted()
            for place in chosen {
                let moment = moments[place]
                let spoiling = Spoiling(moment.body)
                let most = max(6, min(160, bytesMost / chosen.count / max(1, moment.body.count)))
                var cases = spoiling.beginnings(most, &dice) + spoiling.doubled(most / 4, &dice)
                if place == chosen.last { cases += spoiling.strangers }
                for _ in 0..<most { cases.append(spoiling.fault(&dice)) }
                for spoilt in cases where !findings.isFull {
                    try? hold(spoilt, at: moment, call, good, specimen.dataset, &findings)
                }
            }
        }
    }

    private struct Moment {
        let before: Dialogue
        let body: [UInt8]
        /// The dialogue when all answers had come.
        var then: Dialogue
    }

    /// Each answer of the good dialogue, with what was before it.
    private static func moments(of call: SpecimenCall, _ dataset: Dataset) -> [Moment]? {
        var dialogue = Dialogue(dataset.exchange(call.order))
        var moments: [Moment] = []
        while !dialogue.isOver {
            guard let text = call.answer(dialogue.waiting[0]) else {
                dialogue.giveUp(because: .badRequest)
                continue
            }
            let before = dialogue
            guard (try? dialogue.receive(Array(text.utf8))) != nil else { return nil }
            moments.append(Moment(before: before, body: Array(text.utf8), then: dialogue))
        }
        return moments
    }

    private static func hold(
        _ spoilt: Spoiling.Spoilt, at moment: Moment, _ call: SpecimenCall, _ good: Dialogue, _ dataset: Dataset,
        _ findings: inout Findings
    ) throws(AnswerDefect) {
        let name = "\(call.order.shape), \(spoilt.way)"
        var dialogue = moment.before
        do throws(AnswerDefect) {
            try dialogue.receive(spoilt.body)
        } catch {
            findings.expect(isOfAnAnswer(error.kind), "\(name): refused as \(error.kind), which no body can be")
            findings.expect(!error.reason.isEmpty, "\(name): refused without a reason")
            if spoilt.isShort {
                findings.expect(error.kind.isPassing || error.kind == .badRequest, "\(name): given up for good, as \(error.kind)")
            }
            try dialogue.finish(call)
            findings.expect(dialogue.isAsGood(as: good), "\(name): refused, and then the machine is not as it was")
            return
        }
        judge(dialogue, of: call.order, dataset, &findings, name)
        // From here on the upstream answers well; what it is asked for may be refused, where an answer made it up.
        while !dialogue.isOver {
            let body = call.answer(dialogue.waiting[0])
            let isTaken = body.map { (try? dialogue.receive(Array($0.utf8))) != nil } ?? false
            if !isTaken { dialogue.giveUp(because: body == nil ? .badRequest : .malformed) }
        }
        judge(dialogue, of: call.order, dataset, &findings, name)
        findings.expect(dialogue.end != nil, "\(name): the call does not end")
        if spoilt.isShort, dialogue.isProved {
            let lost = call.lost(dialogue, dataset)
            findings.expect(lost == 0, "\(name): a proof that lacks \(lost) rows")
        }
        if spoilt.isTrue, dialogue.isProved {
            let isTrue = dialogue.rows.allSatisfy { row in call.placed[row.key].map { $0 == row.value } ?? false }
            findings.expect(isTrue, "\(name): proved are rows that are not there")
        }
    }

    /// What a body can say by itself: connections and lengths are the caller's.
    private static func isOfAnAnswer(_ kind: FailureClass) -> Bool {
        switch kind {
        case .transport, .timeout, .tooLarge: false
        default: true
        }
    }
}
