internal import Bytes

/// What a client should hold, and how the service is set: side channels.
extension KeepaService {
    /// `asin` (several with commas) and `at` (the same; now where not given): a line for each of both, as the product was at that instant.
    /// With `told=1` and the parameters of a request: as such a request at that instant finds it. `kind=products` lists `count` ASINs.
    func truth(_ question: Question) -> Answer {
        if question["kind"] == "products" { return list(question) }
        var instants: [Int64] = []
        for text in (question["at"] ?? "\(clock.now)").split(separator: ",") {
            guard let instant = Instant.parse(String(text)) else { return .plain(400, "at is a day, seconds since 1970, or RFC 3339") }
            instants.append(instant)
        }
        let asins = (question["asin"] ?? "").split(separator: ",").map(String.init)
        guard let domain = Int(question["domain"] ?? "1").flatMap(KeepaDomain.init), !asins.isEmpty else {
            return .plain(400, "asin is required; domain is 1 to 6 or 8 to 12")
        }
        if asins.count * instants.count > 10_000 { return .plain(400, "that would be more than 10,000 lines") }
        var query: KeepaQuery?
        if question["told"] == "1" {
            do throws(KeepaRefusal) {
                let asked = question.query + [(name: "domain", value: "\(domain.rawValue)")]
                query = try KeepaQuery(Question(path: question.path, query: asked), faults)
            } catch {
                return .plain(400, error.message)
            }
        }
        var out = JSONWriter(capacity: 4_096)
        for asin in asins {
            let product = KeepaProduct(asin, domain, dice)
            let history = shelf.history(product, through: KeepaMinute.of(instants.max() ?? 0))
            for instant in instants { write(product, history, query, at: instant, &out) }
        }
        return Answer(status: 200, type: "application/x-ndjson", body: out.bytes)
    }

    private func list(_ question: Question) -> Answer {
        guard let count = Int(question["count"] ?? "100"), (1...1_000_000).contains(count) else {
            return .plain(400, "count is 1 to 1,000,000")
        }
        var out = JSONWriter(capacity: count * 36)
        for number in 0..<count {
            let digits = String(dice.bits(560, Int64(number)) % 2_821_109_907_456, radix: 36, uppercase: true)
            let asin = "B0" + String(repeating: "0", count: 8 - digits.utf8.count) + digits
            out.beginObject()
            out.member("asin") { $0.string(asin) }
            out.member("known") { $0.bool(isKnown(KeepaProduct(asin, .us, dice), KeepaMinute.of(clock.now))) }
            out.endObject()
            out.endLine()
        }
        return Answer(status: 200, type: "application/x-ndjson", body: out.bytes)
    }

    private func write(
        _ product: KeepaProduct, _ history: KeepaHistory, _ query: KeepaQuery?, at instant: Int64, _ out: inout JSONWriter
    ) {
        let minute = KeepaMinute.of(instant), known = isKnown(product, minute)
        let view = query.map {
            KeepaView(product, history, $0, price: buckets.plan.price, failedOffersRate: faults.failedOffersRate, now: minute)
        } ?? KeepaView(all: minute)
        out.beginObject()
        out.member("asin") { $0.string(product.asin) }
        out.member("domain") { $0.int(product.domain.rawValue) }
        out.member("at") { $0.int(instant) }
        out.member("known") { $0.bool(known) }
        if known {
            out.member("title") { $0.string(product.title) }
            figures(product, history, view, &out)
            for (name, minute) in [
                ("last_update", query == nil ? product.lastUpdate(minute) : view.basics),
                ("last_offers_update", query == nil ? product.lastOffersUpdate(minute) : view.offers),
                ("last_buy_box_update", query == nil ? product.lastBuyBoxUpdate(minute) : view.buyBox),
                ("last_rating_update", query == nil ? product.lastRatingUpdate(minute) : view.rating),
            ] { out.member(name) { $0.int(KeepaMinute.seconds(minute)) } }
            out.member("tokens") { $0.count(query == nil ? nil : view.cost) }
        }
        out.endObject()
        out.endLine()
    }

    /// Amounts in the marketplace's smallest unit, null for none and for what is not told.
    private func figures(_ product: KeepaProduct, _ history: KeepaHistory, _ view: KeepaView, _ out: inout JSONWriter) {
        func quote(_ type: KeepaType) -> KeepaQuote? {
            view.series(type, history)?.last.flatMap { $0.value < 0 && type != .offersUpdates ? nil : $0 }
        }
        let used = KeepaType.usedConditions.compactMap { quote($0)?.landed }.min()
        out.member("new") { $0.count(quote(.new)?.value) }
        out.member("used") { $0.count(quote(.used)?.value) }
        out.member("used_landed") { $0.count(used) }
        out.member("buy_box") { $0.count(quote(.buyBox)?.value) }
        out.member("buy_box_shipping") { $0.count(quote(.buyBox)?.shipping) }
        out.member("sales_rank") { $0.count(quote(.salesRank)?.value) }
        out.member("offers") { $0.int(history.total(view.basics)) }
        let rank = view.series(.salesRank, history).map { KeepaStatistics(series: $0, end: view.basics) }
        for days in [30, 90, 180, 365] { out.member("drops\(days)") { $0.int(rank?.drops(days: days) ?? 0) } }
        for (name, type) in [("new", KeepaType.new), ("used", .used), ("sales_rank", .salesRank)] {
            let figures = view.series(type, history).map { KeepaStatistics(series: $0, end: view.basics) }
            for days in [30, 90, 180, 365] {
                let average = figures?.average(days: days) ?? -1
                out.member("\(name)_avg\(days)") { $0.count(average < 0 ? nil : average) }
            }
        }
        out.member("pick_and_pack_fee") { $0.count(product.pickAndPackFee) }
        out.member("referral_fee_percentage") { $0.double(product.referralFeePercentage) }
        out.member("current") { out in
            out.beginObject()
            for type in KeepaType.allCases where type.rawValue < product.types { out.member(type.name) { $0.count(quote(type)?.landed) } }
            out.endObject()
        }
    }

    /// `GET` and `PUT /_sandbox/keepa`, and of how many periods products are held.
    func aside(_ method: String, _ question: Question, _ body: [UInt8]) -> Answer {
        let now = clock.milliseconds
        switch (method, question.path) {
        case ("GET", "/_sandbox/keepa"): return Answer(status: 200, body: buckets.json(now: now))
        case ("PUT", "/_sandbox/keepa"):
            do throws(Sandbox.Faults.Refused) {
                try buckets.change(by: body, now: now)
                return Answer(status: 200, body: buckets.json(now: now))
            } catch {
                return .plain(400, error.description)
            }
        case ("GET", "/_sandbox/keepa/kept"):
            guard let from = question["from"].flatMap(Instant.parse), let to = question["to"].flatMap(Instant.parse), from <= to,
                let period = question["period"].flatMap({ Int64($0) }), period > 0, let anchor = Int64(question["anchor"] ?? "0"),
                (to - from) / period <= 1_000_000
            else { return .plain(400, "from, to and period (seconds) are required, of a million periods at most; anchor is in seconds") }
            return Answer(status: 200, body: kept.json(from..<to, period: period, anchor: anchor))
        default: return .plain(404, "no such side channel")
        }
    }
}
