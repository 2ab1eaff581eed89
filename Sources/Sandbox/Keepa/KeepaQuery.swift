internal import Bytes

/// Why a question gets no products.
struct KeepaRefusal: Error {
    let status: Int
    let type: String
    let message: String

    static func invalid(_ message: String) -> KeepaRefusal { KeepaRefusal(status: 400, type: "invalidParameter", message: message) }
}

/// What is asked of products.
struct KeepaQuery {
    /// Of which statistics are made beside the usual ones.
    enum Interval {
        case days(Int)
        case minutes(Range<Int>)
    }

    let domain: KeepaDomain
    /// As they were asked, each once.
    let asins: [String]
    let interval: Interval?
    let hasHistory: Bool
    /// Days of history; nil for all.
    let days: Int?
    /// Offers at most; nil where none are asked for.
    let offers: Int?
    let hasBuyBox: Bool
    let hasRating: Bool
    /// Hours that what is known may be old; -1 for any age.
    let update: Int?

    init(_ question: Question, _ faults: Sandbox.KeepaFaults) throws(KeepaRefusal) {
        guard let domain = question["domain"].flatMap({ Int($0) }).flatMap(KeepaDomain.init) else { throw .invalid("domain") }
        self.domain = domain
        var asins: [String] = [], known = Set<String>()
        for part in (question["asin"] ?? "").split(separator: ",").map(String.init) {
            let isRefused = faults.badASIN == .refused && !KeepaProduct.isASIN(part) || faults.poison.contains(part)
            if isRefused { throw .invalid("asin \(part)") }
            if known.insert(part).inserted { asins.append(part) }
        }
        if asins.isEmpty { throw .invalid("asin") }
        if let most = faults.maxASINs, asins.count > most { throw .invalid("more than \(most) asins") }
        self.asins = asins
        interval = try KeepaQuery.interval(question["stats"])
        hasHistory = try KeepaQuery.flag(question, "history") ?? true
        days = try KeepaQuery.number(question, "days", 1...100_000)
        offers = try KeepaQuery.number(question, "offers", 20...100)
        hasBuyBox = try KeepaQuery.flag(question, "buybox") ?? false
        hasRating = try KeepaQuery.flag(question, "rating") ?? false
        update = try KeepaQuery.number(question, "update", -1...100_000)
    }

    private static func number(_ question: Question, _ name: String, _ range: ClosedRange<Int>) throws(KeepaRefusal) -> Int? {
        guard let text = question[name] else { return nil }
        guard let number = Int(text), range.contains(number) else { throw .invalid(name) }
        return number
    }

    private static func flag(_ question: Question, _ name: String) throws(KeepaRefusal) -> Bool? {
        try number(question, name, 0...1).map { $0 == 1 }
    }

    /// A number of days; or two days of UTC, instants, or milliseconds since 1970.
    private static func interval(_ text: String?) throws(KeepaRefusal) -> Interval? {
        guard let text else { return nil }
        let ends = text.split(separator: ",").map(String.init)
        if ends.count == 1, let days = Int(text), (1...100_000).contains(days) { return .days(days) }
        let minutes = ends.compactMap { end in
            (Int64(end).map { $0 / 1_000 } ?? Instant.parse(end)).flatMap { (0...10_000_000_000).contains($0) ? KeepaMinute.of($0) : nil }
        }
        guard minutes.count == 2, ends.count == 2, minutes[0] < minutes[1] else { throw .invalid("stats") }
        return .minutes(minutes[0]..<minutes[1])
    }
}
