internal import Bytes

/// What a key's tokens follow: may change while somebody asks.
struct KeepaPlan: Sendable, Hashable {
    var refillRate: Int
    /// Tokens a minute that go elsewhere.
    var tokenFlowReduction = 0.0
    /// Tokens that a product costs which is asked for without offers.
    var price: Int

    /// What was not used within an hour is lost.
    var capacity: Double { Double(refillRate * 60) }
    var flow: Double { max(0, Double(refillRate) - tokenFlowReduction) }
}

/// The tokens of one key, of whom all its clients spend. They come in one step a minute of the sandbox's clock; times in milliseconds.
struct KeepaBucket: Sendable {
    private var balance: Double
    private var steps: Int64
    /// Where in the minute the step is.
    private let phase: Int64

    init(_ balance: Double, phase: Int64, now: Int64) {
        self.balance = balance
        self.phase = phase
        steps = KeepaBucket.steps(now, phase)
    }

    private static func steps(_ now: Int64, _ phase: Int64) -> Int64 { (now + phase) / 60_000 }

    /// Whole tokens; may be negative.
    var left: Int { Int(balance.rounded(.down)) }

    func refillIn(now: Int64) -> Int64 { 60_000 - (now + phase) % 60_000 }

    /// Takes in what has come by `now`.
    mutating func settle(_ plan: KeepaPlan, now: Int64) {
        let reached = KeepaBucket.steps(now, phase)
        if reached > steps {
            balance += Double(reached - steps) * plan.flow
            steps = reached
        }
        balance = min(balance, plan.capacity)
    }

    mutating func take(_ cost: Int) { balance -= Double(cost) }
}

/// The buckets of all keys, and what was spent of them.
struct KeepaBuckets: Sendable {
    private(set) var plan: KeepaPlan
    private var buckets: [String: KeepaBucket] = [:]
    /// What a key that has not asked yet begins with; nil for all that there is room for.
    private var opening: Int?
    private let phase: Int64
    private var lowest: Int?
    private var consumed = 0
    private var refused = 0

    init(_ plan: KeepaPlan, phase: Int64) {
        self.plan = plan
        self.phase = phase
    }

    /// A key's bucket as it is at `now`.
    mutating func settled(_ key: String, now: Int64) -> KeepaBucket {
        var bucket = buckets[key] ?? KeepaBucket(opening.map(Double.init) ?? plan.capacity, phase: phase, now: now)
        bucket.settle(plan, now: now)
        buckets[key] = bucket
        return bucket
    }

    /// A request of the key begins; false where its bucket has nothing left.
    mutating func admits(_ key: String, now: Int64) -> Bool {
        if settled(key, now: now).left > 0 { return true }
        refused += 1
        return false
    }

    mutating func take(_ cost: Int, of key: String, now: Int64) {
        var bucket = settled(key, now: now)
        bucket.take(cost)
        buckets[key] = bucket
        consumed += cost
        lowest = min(lowest ?? bucket.left, bucket.left)
    }

    /// What has come so far came by the plan that was.
    mutating func change(by body: [UInt8], now: Int64) throws(Sandbox.Faults.Refused) {
        typealias Refused = Sandbox.Faults.Refused
        guard case .object(let members)? = try? JSONValue(parsing: body) else { throw Refused(name: "the body is not a JSON object") }
        var (plan, left) = (plan, Int?.none)
        for (name, value) in members {
            switch name {
            case "refill_rate":
                guard let rate = value.int, Sandbox.KeepaConfiguration.rates.contains(Int(rate)) else { throw Refused(name: name) }
                plan.refillRate = Int(rate)
            case "token_flow_reduction":
                guard let reduction = value.double, (0...10_000).contains(reduction) else { throw Refused(name: name) }
                plan.tokenFlowReduction = reduction
            case "price":
                guard let price = value.int, Sandbox.KeepaConfiguration.prices.contains(Int(price)) else { throw Refused(name: name) }
                plan.price = Int(price)
            case "tokens_left":
                guard let count = value.int, (-1_000_000...1_000_000).contains(count) else { throw Refused(name: name) }
                left = Int(count)
            default: throw Refused(name: name)
            }
        }
        for key in buckets.keys { _ = settled(key, now: now) }
        self.plan = plan
        guard let left else { return }
        opening = left
        for key in buckets.keys { buckets[key] = KeepaBucket(Double(left), phase: phase, now: now) }
    }

    /// `tokens_left` is that of the key which has least.
    mutating func json(now: Int64) -> [UInt8] {
        let keys = Array(buckets.keys)
        let left = keys.map { settled($0, now: now).left }.min() ?? min(opening ?? Int(plan.capacity), Int(plan.capacity))
        var out = JSONWriter()
        out.beginObject()
        out.member("refill_rate") { $0.int(plan.refillRate) }
        out.member("token_flow_reduction") { $0.double(plan.tokenFlowReduction) }
        out.member("price") { $0.int(plan.price) }
        out.member("tokens_left") { $0.int(left) }
        out.member("lowest") { $0.int(min(lowest ?? left, left)) }
        out.member("consumed") { $0.int(consumed) }
        out.member("refused") { $0.int(refused) }
        out.member("keys") { $0.int(buckets.count) }
        out.endObject()
        return out.bytes
    }
}
