import Bytes
import EventLoop
import HTTP
import Series
import Store

/// An upstream that counts tokens, on a port: a step a minute of the shown clock, answers while more than nothing is left, and what they
/// cost is taken afterwards, below zero too.
final class TokenUpstream {
    var refill: Double
    var price: Double
    var balance: Double
    /// Answered instead of all else.
    var status: Int?
    private(set) var spent = 0.0
    private(set) var lowest = Double.infinity
    private(set) var refused = 0
    /// Subjects of each request that was answered.
    private(set) var asked: [Int] = []
    private let clock: ServiceClock
    private var nextStep: Double
    private let server: Server

    init(on loop: isolated Loop, clock: ServiceClock, refill: Double, balance: Double, price: Double) throws {
        (self.clock, self.refill, self.balance, self.price) = (clock, refill, balance, price)
        nextStep = clock.exactNow + 60
        let router = Router()
        server = try Server(loop: loop, address: .tcp(host: "127.0.0.1", port: 0), router: router)
        let local = loop.keep(server)
        router.get("/product") { request in self.answer(request.query.first { $0.name == "names" }?.value ?? "") }
        loop.start { loop in await loop[local].run(on: loop) }
    }

    var address: Address { server.address }
    func end() async { await server.end(within: .seconds(5)) }

    private func answer(_ names: String) -> Response {
        let now = clock.exactNow
        while nextStep <= now {
            balance = max(balance, min(refill * 60, balance + refill))
            nextStep += 60
        }
        if let status { return Response(status: status, body: .bytes([])) }
        let isRefused = balance <= 0
        let count = names.split(separator: ",").count
        let cost = isRefused ? 0 : Double(count) * price
        if isRefused { refused += 1 } else { asked.append(count) }
        balance -= cost
        spent += cost
        lowest = min(lowest, balance)
        let text = """
            {"timestamp":\(Int64(now * 1000)),"tokensLeft":\(Int(balance)),"tokensConsumed":\(Int(cost)),"refillRate":\(Int(refill)),\
            "refillIn":\(Int((nextStep - now) * 1000)),"names":"\(names)"}
            """
        return Response(status: isRefused ? 429 : 200, body: .bytes(Array(text.utf8)))
    }

    static let rules = TokenRules(refillPerMinute: 5, capacityMinutes: 60, floor: 20) { body in
        guard let envelope = try? JSONValue(parsing: body), let left = envelope["tokensLeft"]?.double else { return nil }
        return TokenReading(
            left: left, consumed: envelope["tokensConsumed"]?.double ?? 0, refillPerMinute: envelope["refillRate"]?.double,
            refillIn: envelope["refillIn"]?.double.map { $0 / 1000 }, saidAt: envelope["timestamp"]?.double.map { $0 / 1000 })
    }

    static func profile(rate: RequestRate = RequestRate(count: 1000, seconds: 60)) -> UpstreamProfile {
        UpstreamProfile(
            name: "u", credential: .none, rate: rate, requestsInFlight: 3, timeoutSeconds: 30, bodyBytesMax: 100_000, tokens: rules)
    }
}

/// Asks for names, so many at once as the order allows.
struct NamesExchange: Series.Exchange {
    let order: CallOrder
    var splits = true

    /// A month, which on the tests' clock does not pass before a call is made.
    static let slotSeconds = 2_592_000

    private var names: [UpstreamRequest: [String]] = [:]

    init(_ order: CallOrder, splits: Bool = true) {
        self.order = order
        self.splits = splits
    }

    private mutating func ask(_ all: [String], _ most: Int) -> [UpstreamRequest] {
        let most = min(most, 100)
        return stride(from: 0, to: all.count, by: most).map { from in
            let some = Array(all[from..<min(from + most, all.count)])
            let request = UpstreamRequest(path: "/product", query: [("names", some.joined(separator: ","))], subjects: some.count)
            names[request] = some
            return request
        }
    }

    mutating func start() -> [UpstreamRequest] { ask(order.series.map { $0.values[0] }, order.subjectsAtOnce) }

    mutating func received(_ answer: UpstreamAnswer, to request: UpstreamRequest) throws(AnswerDefect) -> Step {
        var step = Step()
        let time = Int64(order.periods.lowerBound) * Int64(Self.slotSeconds)
        for name in names.removeValue(forKey: request) ?? [] {
            guard let index = order.series.firstIndex(of: SeriesKey([name])) else { continue }
            step.rows.append(Row(series: index, time: time, values: [.integer(1)]))
        }
        if names.isEmpty { step.end = .proved("all of them answered") }
        return step
    }

    mutating func gaveUp(on request: UpstreamRequest, because cause: FailureClass) -> Step {
        var step = Step()
        names[request] = nil
        step.end = .unproved("given up")
        return step
    }

    mutating func split(_ request: UpstreamRequest, to subjects: Int) -> [UpstreamRequest] {
        guard splits, subjects > 0, let all = names.removeValue(forKey: request) else { return [] }
        return ask(all, subjects)
    }
}
