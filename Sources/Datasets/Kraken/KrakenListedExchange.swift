internal import Series

/// A call about one pair that looks at Kraken's list of pairs where it is told that there is no such pair.
///
/// `EQuery:Unknown asset pair` alone proves nothing: the list does (docs.kraken.com, get-tradable-asset-pairs), asked for whole, since a
/// question for one pair that is not known gets the same error. A list without the pair, or with it as delisted, says that it is gone
/// (`Step.isGone`); what came before is kept. Where the list has it the refusal was a fault: the question is asked again, and refusals
/// from then on are tried again as other faults are.
struct KrakenListedExchange: Exchange {
    private let pair: KrakenPair
    private let periods: Range<Int>
    private var call: any Exchange
    /// The question that was refused, while the list is waited for.
    private var refused: UpstreamRequest?
    private var isListed = false

    private static let path = "/0/public/AssetPairs"

    init(_ call: any Exchange, of pair: KrakenPair, periods: Range<Int>) {
        self.call = call
        self.pair = pair
        self.periods = periods
    }

    mutating func start() -> [UpstreamRequest] { call.start() }

    mutating func received(_ answer: UpstreamAnswer, to request: UpstreamRequest) throws(AnswerDefect) -> Step {
        if request.path == Self.path { return sought(in: try KrakenAssetPairs(answer.body)) }
        do throws(AnswerDefect) {
            return try call.received(answer, to: request)
        } catch {
            guard KrakenErrors.isUnknownPair(error) else { throw error }
            if isListed { throw AnswerDefect(.server, "\(error.reason), though it lists \(pair)") }
            refused = request
            var step = Step()
            // (Beyond what a plan can know: counted as asked again.)
            step.requests = [UpstreamRequest(path: Self.path, query: [], attempt: 1, scope: pair.name)]
            return step
        }
    }

    mutating func gaveUp(on request: UpstreamRequest, because cause: FailureClass) -> Step {
        if request.path != Self.path { return call.gaveUp(on: request, because: cause) }
        return ended(.unproved("Kraken knows no pair \(pair), and its list of pairs was not to be had"))
    }

    private mutating func sought(in list: KrakenAssetPairs) -> Step {
        guard let refused else { return Step() }
        self.refused = nil
        if let entry = list[pair], entry.status != "delisted" {
            isListed = true
            var step = Step()
            step.requests = [refused]
            return step
        }
        var step = ended(.proved("Kraken lists no pair \(pair)"))
        step.isGone = true
        return step
    }

    /// Of no minute is it known what there was.
    private func ended(_ end: CallEnd) -> Step {
        var step = Step()
        step.end = end
        step.witnessed = periods.lowerBound..<periods.lowerBound
        return step
    }
}
