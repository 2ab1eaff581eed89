internal import Bytes
internal import Series

/// What a call of the dataset `accounts` is about.
struct AccountsQuest {
    let shape: Accounts.Shape
    /// Days since 1970.
    let day: Int
    /// Whose slots are wanted, by their place in the order's series.
    let accounts: [String]
    /// Accounts that one request names, as far as the upstream was found to take fewer.
    let batch: Int
    private let places: [String: Int]

    /// nil for an order that no shape can mean.
    init?(_ order: CallOrder) {
        guard let shape = Accounts.Shape(rawValue: order.shape), order.periods.count == 1, let day = order.periods.first,
            LocalDate(daysSince1970: day).year < 10_000, !order.series.isEmpty, order.series.allSatisfy({ $0.values.count == 2 })
        else { return nil }
        self.shape = shape
        self.day = day
        accounts = order.series.map { $0.values[0] }
        batch = max(1, order.pageRows ?? accounts.count)
        // All accounts together are never asked for by a name, and nobody's name asks for all.
        guard (shape == .roster) == accounts.contains(Accounts.everyone), shape != .roster || accounts.count == 1 else { return nil }
        places = Dictionary(accounts.enumerated().map { ($0.element, $0.offset) }) { first, _ in first }
    }

    var grain: Accounts.Grain { shape == .hours ? .hour : .day }

    /// The place of an account's series in the order.
    func place(of account: String) -> Int? { shape == .roster ? nil : places[account] }

    /// Whether a record is of what was asked for.
    func isAskedFor(_ record: AccountsRecord) -> Bool {
        guard let account = record.account, record.day == day else { return false }
        return shape == .roster || places[account] != nil
    }

    /// `accounts`: of all that are asked for, those of this request; nil: no filter.
    func request(of accounts: [String]?, skip: Int, attempt: Int, isDoubtful: Bool) -> UpstreamRequest {
        var query: [(String, String)] = []
        if let accounts { query.append(("accountIds", accounts.joined(separator: ","))) }
        query.append(("dates", AccountsStamp.dates(day)))
        if grain == .hour { query.append(("hours", (0..<24).map { String($0) }.joined(separator: ","))) }
        query += [("limit", String(Accounts.pageRows)), ("skip", String(skip)), ("include-total", "1")]
        return UpstreamRequest(
            path: grain == .hour ? "/v2/metrics/hourly" : "/v2/metrics/daily", query: query, attempt: attempt, isDoubtful: isDoubtful)
    }
}
