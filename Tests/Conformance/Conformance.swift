internal import Series
internal import TestSupport

/// What every dataset has to hold. Each check says what does not hold; nothing is said of a dataset that is as it should be.
package enum Conformance {
    package enum Check: String, Sendable, CaseIterable {
        /// Names of shapes, columns, fields, keys and migrations; words and texts.
        case names
        /// Slots, parts and periods tile time, there and back.
        case slots
        /// When slots fall due, and what the service asks for by itself.
        case due
        /// What calls cost and cover.
        case costs
        /// One spelling for one meaning.
        case spellings
        /// What two rows of one place come to.
        case merging
        /// Calls that go well.
        case dialogues
        /// Answers that were spoilt on their way.
        case spoiltAnswers
        /// Requests that are given up.
        case givingUp
        /// Orders that a dataset of today need not know.
        case oddOrders
    }

    /// - Parameter seed: of all that is drawn; the same seed finds the same.
    package static func violations(of specimen: Specimen, _ check: Check, seed: UInt64) -> [String] {
        var findings = Findings("\(specimen.dataset.name), \(check.rawValue)")
        var dice = Seeded(seed, isTold: false)
        switch check {
        case .names: names(specimen, &findings)
        case .slots: slots(specimen, &dice, &findings)
        case .due: due(specimen, &dice, &findings)
        case .costs: costs(specimen, &findings)
        case .spellings: spellings(specimen, &dice, &findings)
        case .merging: merging(specimen, &dice, &findings)
        case .dialogues: dialogues(specimen, &findings)
        case .spoiltAnswers: spoiltAnswers(specimen, &dice, &findings)
        case .givingUp: givingUp(specimen, &dice, &findings)
        case .oddOrders: oddOrders(specimen, &findings)
        }
        return findings.list.map { "\($0) (seed \(seed))" }
    }
}

/// What was found not to hold.
struct Findings {
    private(set) var list: [String] = []
    private let about: String
    /// More would only repeat it.
    private static let most = 12

    init(_ about: String) { self.about = about }

    var isFull: Bool { list.count >= Self.most }

    @discardableResult
    mutating func expect(_ holds: Bool, _ otherwise: @autoclosure () -> String) -> Bool {
        if !holds, !isFull { list.append("\(about): \(otherwise())") }
        return holds
    }
}
