internal import Bytes
internal import Series

/// A call to `GET /product`: some products as they are now.
///
/// A request names up to a hundred of them. One that is refused as a bad request, or whose answer is too long, is asked for in halves, down
/// to single products; a product that is refused by itself is a refused record, and its slot rests. Products that an answer leaves out are
/// asked for once more; who is left out twice, or comes as a stub, is not known to the upstream.
///
/// - products that were not asked for are dropped and counted, and so are doubles: of two the one that was updated later holds;
/// - a product of which a field is of another type than promised is refused; the others stand;
/// - rows are of the slots in which the upstream answered: where that is not the slot that was asked for, nothing is said of that one.
struct KeepaExchange: Exchange {
    private struct Asking {
        let asins: [String]
        var isSecond = false
        var attempt = 0
    }

    private let options: Keepa.Options
    private let calendar: KeepaCalendar
    private let order: CallOrder
    private let shape: Keepa.Shape
    private let now: Int64
    /// The order's series of each product, by index.
    private let places: [String: [Int]]
    private let asins: [String]
    private var outstanding: [UpstreamRequest: Asking] = [:]
    private var unanswered: Set<Int> = []
    private var shortfalls: [String] = []
    private var refusals = 0
    private var answers = 0
    private var told = 0
    private var unknown = 0

    private static let patience = 8
    /// Requests that are refused before any is answered: then it is not for the products that they name.
    private static let refusalsMax = 16

    /// nil where the order is no call of this dataset.
    init?(_ order: CallOrder, _ options: Keepa.Options) {
        guard let shape = Keepa.Shape(rawValue: order.shape), let period = order.periods.first, order.periods.count == 1,
            order.series.allSatisfy({ $0.values.count == 2 && Keepa.Group(rawValue: $0.values[1]) != nil }), !order.series.isEmpty
        else { return nil }
        self.options = options
        self.order = order
        self.shape = shape
        calendar = KeepaCalendar(options.refresh)
        now = order.now == .max ? calendar.periods.start(of: period) : order.now
        var places: [String: [Int]] = [:]
        var asins: [String] = []
        for (index, key) in order.series.enumerated() {
            if places[key.values[0]] == nil { asins.append(key.values[0]) }
            places[key.values[0], default: []].append(index)
        }
        (self.places, self.asins) = (places, asins)
    }

    mutating func start() -> [UpstreamRequest] {
        let most = min(Keepa.batch, order.subjectsAtOnce)
        return stride(from: 0, to: asins.count, by: most).map { from in
            ask(Asking(asins: Array(asins[from..<min(from + most, asins.count)])))
        }
    }

    private mutating func ask(_ asking: Asking) -> UpstreamRequest {
        let request = UpstreamRequest(
            path: "/product", query: query(asking.asins), attempt: asking.attempt, isDoubtful: true, subjects: asking.asins.count)
        outstanding[request] = asking
        return request
    }

    private func query(_ asins: [String]) -> [(String, String)] {
        var query = [("domain", "\(options.domain.rawValue)"), ("asin", asins.joined(separator: ",")), ("stats", "180")]
        // Longer histories than are read cost nothing but time.
        query += shape == .light ? [("history", "0")] : [("history", "1"), ("days", "1100")]
        if let offers = options.offers {
            query += [("offers", "\(offers)"), ("only-live-offers", "1")]
        } else if options.buybox {
            query.append(("buybox", "1"))
        }
        return query
    }

    // MARK: Answers

    mutating func received(_ answer: UpstreamAnswer, to request: UpstreamRequest) throws(AnswerDefect) -> Step {
        guard let asking = outstanding[request] else { return Step() }
        let answer = try KeepaAnswer(answer.body, withHistory: shape == .heavy)
        outstanding[request] = nil
        answers += 1
        var step = Step()
        step.dropped = answer.nameless
        var best: [String: KeepaAnswer.Entry] = [:]
        let wanted = Set(asking.asins)
        for entry in answer.entries {
            guard let asin = entry.product.asin, wanted.contains(asin) else {
                step.dropped += 1
                continue
            }
            if let other = best[asin] {
                step.dropped += 1
                if !Self.precedes(other, entry) { continue }
            }
            best[asin] = entry
        }
        let instant = instant(of: answer)
        for asin in asking.asins {
            if let entry = best[asin] { take(entry, asin, answer, at: instant, &step) }
        }
        let missing = asking.asins.filter { best[$0] == nil }
        if asking.isSecond {
            unknown += missing.count
            for asin in missing { leaveOpen(asin, at: instant) }
        } else if !missing.isEmpty {
            step.requests.append(ask(Asking(asins: missing, isSecond: true, attempt: asking.attempt + 1)))
        }
        return closed(step)
    }

    /// Whether the later of two objects of a product holds: one that can be read, and of such the one that was updated last.
    private static func precedes(_ earlier: KeepaAnswer.Entry, _ later: KeepaAnswer.Entry) -> Bool {
        let (a, b) = (earlier.product, later.product)
        if (a.flaw == nil) != (b.flaw == nil) { return b.flaw == nil }
        return a.lastUpdate <= b.lastUpdate
    }

    /// By the upstream's clock, unless that is far off.
    private func instant(of answer: KeepaAnswer) -> Int64 {
        guard let told = answer.instant, told > now - 86_400, told < now + 86_400 else { return now }
        return told
    }

    private mutating func take(
        _ entry: KeepaAnswer.Entry, _ asin: String, _ answer: KeepaAnswer, at instant: Int64, _ step: inout Step
    ) {
        if entry.product.isStub {
            unknown += 1
            leaveOpen(asin, at: instant)
            return
        }
        told += 1
        let row = KeepaRow(options: options, shape: shape, instant: instant)
        for place in places[asin] ?? [] {
            let key = order.series[place]
            let ruler = calendar.ruler(of: key)
            let time = ruler.start(of: ruler.slot(containing: instant))
            if time != asked(place) { unanswered.insert(place) }
            if let field = entry.product.flaw {
                step.quarantined.append(
                    QuarantinedRecord(reason: "wrong type of \(field)", record: answer.text(of: entry), series: place, time: time))
            } else if Keepa.group(key) == .history, shape == .light || entry.product.csv.isAbsent {
                // A history that the answer does not carry was not told.
                unanswered.insert(place)
            } else {
                step.rows.append(Row(series: place, time: time, values: row.values(entry.product, Keepa.group(key))))
            }
        }
    }

    /// What is not known when the answer is made says nothing of a slot that had passed by then.
    private mutating func leaveOpen(_ asin: String, at instant: Int64) {
        for place in places[asin] ?? [] {
            let ruler = calendar.ruler(of: order.series[place])
            if ruler.start(of: ruler.slot(containing: instant)) != asked(place) { unanswered.insert(place) }
        }
    }

    /// The start of the slot that the order means.
    private func asked(_ place: Int) -> Int64 {
        let ruler = calendar.ruler(of: order.series[place])
        return ruler.start(of: ruler.slot(containing: calendar.periods.start(of: order.periods.lowerBound)))
    }

    mutating func split(_ request: UpstreamRequest, to subjects: Int) -> [UpstreamRequest] {
        guard subjects > 0, let asking = outstanding.removeValue(forKey: request) else { return [] }
        // It was not sent: nothing has been tried of it.
        return stride(from: 0, to: asking.asins.count, by: subjects).map { from in
            ask(
                Asking(
                    asins: Array(asking.asins[from..<min(from + subjects, asking.asins.count)]), isSecond: asking.isSecond,
                    attempt: asking.attempt))
        }
    }

    // MARK: Failures

    mutating func gaveUp(on request: UpstreamRequest, because cause: FailureClass) -> Step {
        guard let asking = outstanding.removeValue(forKey: request) else { return Step() }
        var step = Step()
        switch cause {
        case .throttled where asking.attempt < Self.patience:
            // A doubtful request is given up early: this one waits for the quota like any other.
            step.requests = [ask(Asking(asins: asking.asins, isSecond: asking.isSecond, attempt: asking.attempt + 1))]
        case .badRequest, .tooLarge:
            refusals += 1
            if refusals >= Self.refusalsMax, answers == 0 {
                shortfalls.append("the upstream refuses every request of the call")
                outstanding = [:]
            } else if asking.asins.count > 1 {
                let middle = (asking.asins.count + 1) / 2
                step.requests = [asking.asins[..<middle], asking.asins[middle...]].map {
                    ask(Asking(asins: Array($0), isSecond: asking.isSecond, attempt: asking.attempt + 1))
                }
            } else {
                told += 1
                for place in places[asking.asins[0]] ?? [] {
                    let record = "{\"asin\": \"\(asking.asins[0])\"}"
                    step.quarantined.append(
                        QuarantinedRecord(reason: "refused by the upstream", record: record, series: place, time: asked(place)))
                }
            }
        default:
            shortfalls.append("a request for \(asking.asins.count) products was not answered")
            unanswered.formUnion(asking.asins.flatMap { places[$0] ?? [] })
        }
        return closed(step)
    }

    /// The call ends with the last of its requests.
    private mutating func closed(_ step: Step) -> Step {
        if !outstanding.isEmpty { return step }
        var step = step
        // Who is refused with all that were asked for beside it is not known to be the reason.
        if answers == 0, shortfalls.isEmpty { shortfalls.append("the upstream refuses every product of the call") }
        if let first = shortfalls.first {
            step.end = .unproved(shortfalls.count == 1 ? first : "\(first), and \(shortfalls.count - 1) more")
            if answers == 0 { return step }
        } else {
            step.end = .proved("\(told) of \(asins.count) products were told of, \(unknown) are not known to the upstream")
        }
        step.witnessed = order.periods
        step.unanswered = unanswered
        return step
    }
}
