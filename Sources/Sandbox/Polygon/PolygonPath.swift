/// What a path of the service asks for.
enum PolygonPath {
    case range(ticker: String, multiplier: String, timespan: String, from: String, to: String)
    case grouped(date: String)
    case previous(ticker: String)
    case upcoming, now

    /// As the router knows them. It has no place for other lengths of bars: those are answered without a route.
    static let patterns = [
        "/v2/aggs/ticker/{ticker}/range/1/day/{from}/{to}", "/v2/aggs/grouped/locale/us/market/stocks/{date}",
        "/v2/aggs/ticker/{ticker}/prev", "/v1/marketstatus/upcoming", "/v1/marketstatus/now",
    ]

    static func isOurs(_ path: String) -> Bool { path.hasPrefix("/v2/aggs/") || path.hasPrefix("/v1/marketstatus/") }

    init?(_ path: String) {
        let parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if parts.contains("") { return nil }
        switch (parts.count, parts.first) {
        case (3, "v1") where parts[1] == "marketstatus":
            guard parts[2] == "upcoming" || parts[2] == "now" else { return nil }
            self = parts[2] == "now" ? .now : .upcoming
        case (9, "v2") where parts[1...2] == ["aggs", "ticker"] && parts[4] == "range":
            self = .range(ticker: parts[3], multiplier: parts[5], timespan: parts[6], from: parts[7], to: parts[8])
        case (8, "v2") where parts[1...6] == ["aggs", "grouped", "locale", "us", "market", "stocks"]: self = .grouped(date: parts[7])
        case (5, "v2") where parts[1...2] == ["aggs", "ticker"] && parts[4] == "prev": self = .previous(ticker: parts[3])
        default: return nil
        }
    }

    /// The router has a place for it.
    var hasRoute: Bool {
        if case .range(_, let multiplier, let timespan, _, _) = self { return multiplier == "1" && timespan == "day" }
        return true
    }
}
