internal import Bytes
internal import Codec

/// The imitated product data service, from question to answer. Knows nothing of sockets. Not `Sendable`: lives on the sandbox's loop.
final class KeepaService {
    enum Path: String, CaseIterable {
        case product = "/keepa/product"
        case token = "/keepa/token"
    }

    let clock: Clock
    let dice: Dice
    var buckets: KeepaBuckets
    var kept = KeepaKept()
    var shelf = KeepaShelf()
    var faults: Sandbox.KeepaFaults
    private let keys: Set<String>
    private var keyNumbers: [String: Int] = [:]
    /// Requests so far: what the dice are asked for each.
    private var asked: Int64 = 0

    init(_ configuration: Sandbox.Configuration, clock: Clock) {
        self.clock = clock
        dice = Dice(seed: configuration.seed)
        keys = configuration.keys
        faults = configuration.faults.keepa
        let plan = KeepaPlan(refillRate: configuration.keepa.refillRate, price: configuration.keepa.price)
        buckets = KeepaBuckets(plan, phase: Int64(dice.pick(60_000, 586)))
    }

    static func isOurs(_ path: String) -> Bool { path == "/keepa" || path.hasPrefix("/keepa/") }

    func answer(_ method: String, _ question: Question) -> Answer {
        asked += 1
        var answer = opened(method, question)
        if answer.isGarbled {
            let kinds = faults.garbage.sorted { $0.rawValue < $1.rawValue }
            GarbageBody.spoil(&answer, kinds[dice.pick(kinds.count, 587, asked)], shape: #"{"timestamp":0,"products":{"asin":null}}"#)
        }
        if question.takesGzip, !answer.body.isEmpty, let packed = try? gzip(answer.body, level: 1) {
            answer.body = packed
            answer.fields.append(("Content-Encoding", "gzip"))
        }
        return answer
    }

    /// The key is looked at, and what goes wrong before anybody looks at the question.
    private func opened(_ method: String, _ question: Question) -> Answer {
        let name = question["key"] ?? ""
        guard !faults.keyRefused, keys.isEmpty || keys.contains(name) else {
            return told(402, name, tokens: nil, KeepaRefusal(status: 402, type: "paymentRequired", message: "the key has no access"))
        }
        let number = keyNumbers[name] ?? keyNumbers.count + 1
        keyNumbers[name] = number
        var answer = turnedAway() ?? looked(method, question, name)
        answer.key = number
        if happens(faults.stallRate, 588) { answer.pause += faults.stallMs }
        return answer
    }

    private func turnedAway() -> Answer? {
        if happens(faults.timeoutRate, 589) { return .never }
        if happens(faults.http429Rate, 590) { return Answer(status: 429, type: KeepaService.type, body: []) }
        if happens(faults.http500Rate, 591) { return Answer(status: 500, type: KeepaService.type, body: []) }
        if happens(faults.http503Rate, 592) { return .page(503, "Service Temporarily Unavailable") }
        return nil
    }

    private func looked(_ method: String, _ question: Question, _ key: String) -> Answer {
        do throws(KeepaRefusal) {
            guard let path = Path(rawValue: question.path) else {
                throw KeepaRefusal(status: 404, type: "notFound", message: question.path)
            }
            if method != "GET" { throw KeepaRefusal(status: 405, type: "methodNotAllowed", message: method) }
            if path == .token { return told(200, key, tokens: 0) }
            guard buckets.admits(key, now: clock.milliseconds) else {
                throw KeepaRefusal(status: 429, type: "NOT_ENOUGH_TOKEN", message: "there are not enough tokens left")
            }
            return products(try KeepaQuery(question, faults), key)
        } catch {
            return told(error.status, key, tokens: 0, error)
        }
    }

    private func products(_ query: KeepaQuery, _ key: String) -> Answer {
        // What is told is of this moment, however long it takes to write it down.
        let began = clock.milliseconds
        let now = began / 1000
        var made: [KeepaMade] = [], cost = 0
        for (place, asin) in query.asins.enumerated() {
            kept.ask(asin)
            let one = product(asin, query, now: KeepaMinute.of(now), draw: asked &* 1_000 &+ Int64(place))
            cost += one.cost
            if one.text.isEmpty { continue }
            made.append(one)
            if dice.unit(593, asked, Int64(place)) < faults.doubledRate { made.append(one) }
        }
        if happens(faults.shuffledRate, 594) { made = dice.permutation(made.count, 595, asked).map { made[$0] } }
        buckets.take(cost, of: key, now: clock.milliseconds)
        var answer = told(200, key, tokens: cost, products: made, at: began)
        answer.rows = made.count
        answer.spoiled = made.count { !$0.isUsable }
        if query.offers != nil { answer.pause = Int(Double(faults.offersLatencyMs) * (0.1 + 0.9 * dice.unit(596, asked))) }
        if happens(faults.resetRate, 597) {
            answer.isBroken = true
        } else if happens(faults.truncatedRate, 598) {
            answer.isCut = true
        } else if happens(faults.garbageRate, 599) {
            answer.isGarbled = true
        } else {
            for one in made where one.isUsable { kept.answer(one.asin, at: now) }
        }
        return answer
    }

    /// `draw`: what the dice are asked of the product of this answer.
    private func product(_ asin: String, _ query: KeepaQuery, now: Int, draw: Int64) -> KeepaMade {
        let product = KeepaProduct(asin, query.domain, dice)
        var made = KeepaMade(asin: asin)
        var out = JSONWriter(capacity: 8_192)
        if !isKnown(product, now) {
            // Some cost and some do not; of some nothing is said, of others that there is nothing.
            made.cost = query.update == -1 ? 0 : dice.pick(2, 572, product.number)
            if dice.pick(2, 573, product.number) == 0 { return made }
            KeepaRecord.stub(asin, query.domain, type: 4, to: &out)
            made.text = out.bytes
            return made
        }
        let history = shelf.history(product, through: now)
        let view = KeepaView(
            product, history, query, price: buckets.plan.price, failedOffersRate: faults.failedOffersRate, now: now)
        made.cost = view.cost
        if dice.unit(574, draw) < faults.missingRate { return made }
        if dice.unit(575, draw) < faults.stubRate {
            KeepaRecord.stub(asin, query.domain, type: 3, to: &out)
            made.text = out.bytes
            return made
        }
        let isBroken = faults.broken.contains(asin) || dice.unit(576, draw) < faults.wrongTypeRate
        var record = KeepaRecord(product: product, history: history, view: view, query: query)
        if isBroken { record.broken = KeepaRecord.Broken(rawValue: dice.pick(KeepaRecord.Broken.allCases.count, 577, draw)) }
        record.write(to: &out)
        (made.text, made.isUsable) = (out.bytes, !isBroken)
        return made
    }

    func isKnown(_ product: KeepaProduct, _ minute: Int) -> Bool {
        KeepaProduct.isASIN(product.asin) && minute >= product.start && !faults.unknown.contains(product.asin)
            && dice.unit(578, product.number) >= faults.unknownRate
    }

    private func happens(_ rate: Double, _ salt: UInt64) -> Bool { rate > 0 && dice.unit(salt, asked) < rate }

    static let type = "application/json;charset=UTF-8"

    /// The envelope. `tokens`: what was spent; nil for a key that has no bucket.
    private func told(
        _ status: Int, _ key: String, tokens: Int?, _ refusal: KeepaRefusal? = nil, products: [KeepaMade]? = nil,
        at moment: Int64? = nil
    ) -> Answer {
        let now = clock.milliseconds
        let bucket = tokens == nil ? nil : buckets.settled(key, now: now)
        var out = JSONWriter(capacity: 512 + (products ?? []).reduce(0) { $0 + $1.text.count + 1 })
        out.beginObject()
        out.member("timestamp") { $0.int(moment ?? now) }
        out.member("tokensLeft") { $0.int(bucket?.left ?? 0) }
        out.member("refillIn") { $0.int(bucket?.refillIn(now: now) ?? 0) }
        out.member("refillRate") { $0.int(bucket == nil ? 0 : buckets.plan.refillRate) }
        out.member("tokenFlowReduction") { $0.double(buckets.plan.tokenFlowReduction) }
        out.member("tokensConsumed") { $0.int(tokens ?? 0) }
        out.member("processingTimeInMs") { $0.int(products == nil ? 0 : 1 + dice.pick(300, 579, asked)) }
        if let products {
            out.member("products") { out in
                out.beginArray()
                for product in products { out.raw(product.text) }
                out.endArray()
            }
        }
        if let refusal {
            out.member("error") { out in
                out.beginObject()
                out.member("type") { $0.string(refusal.type) }
                out.member("message") { $0.string(refusal.message) }
                out.member("details") { $0.string("") }
                out.endObject()
            }
        }
        out.endObject()
        var answer = Answer(status: status, type: KeepaService.type, body: out.bytes)
        answer.tokens = tokens ?? 0
        return answer
    }
}

/// What a request brings of one product.
private struct KeepaMade {
    let asin: String
    var cost = 0
    /// Its JSON; empty where nothing is said of it.
    var text: [UInt8] = []
    /// A client can make a row of it.
    var isUsable = false
}
