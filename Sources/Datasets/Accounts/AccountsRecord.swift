internal import Bytes
internal import Series

/// One record of metrics, read by itself: of whom and when it is, what is wrong with it, and its row's values.
struct AccountsRecord {
    /// The id, where it is one.
    private(set) var account: String?
    /// A record of nobody, or of a test account: no login, and no platform or broker.
    private(set) var isNobodys = false
    /// Whether it says nothing at all of whose it is.
    private(set) var isUnnamed = true
    /// Days since 1970.
    private(set) var day: Int?
    /// 0...23; nil of a day.
    private(set) var hour: Int?
    /// Why it is no row; the first of them.
    private(set) var flaw: String?
    /// In the order of the table's columns.
    private(set) var values: [Value] = []
    /// Equal for records of the same account and slot; of one that does not tell them its text.
    private(set) var identity = ""
    /// Whether it tells its account and slot.
    private(set) var isPlaced = false
    /// As it came.
    let text: [UInt8]

    static let notObject = "the record is not an object"
    static let badTrades = "numTrades is no count"

    /// `leniently`: a person says that it is right, so that what contradicts itself is taken.
    init(_ text: [UInt8], _ grain: Accounts.Grain, leniently: Bool = false) {
        self.text = text
        do throws(JSONError) { try read(grain, leniently) } catch { flaw = Self.notObject }
        if let account, let day, hour != nil || grain == .day {
            identity = "\(account) \(day) \(hour ?? 0)"
            isPlaced = true
        } else {
            identity = String(decoding: text, as: UTF8.self)
        }
    }

    /// Start of its slot.
    func time(_ grain: Accounts.Grain) -> Int64? {
        guard let day, grain == .day || hour != nil else { return nil }
        return Int64(day) * Accounts.daySeconds + Int64(hour ?? 0) * Accounts.hourSeconds
    }

    var trades: Int64 { if case .integer(let count)? = values.first { count } else { 0 } }

    private mutating func read(_ grain: Accounts.Grain, _ leniently: Bool) throws(JSONError) {
        let typed = Accounts.typed(grain)
        let places = grain == .hour ? Self.hourPlaces : Self.dayPlaces
        var found: [MetricValue?] = Array(repeating: nil, count: typed.count)
        var said: [String: MetricValue] = [:]
        var rest: [(name: String, value: ArraySlice<UInt8>)] = []
        var reader = try JSONReader(text)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let name = key.description
            let raw = try reader.raw()
            if let place = places[name] { found[place] = MetricValue(raw) }
            if Self.naming.contains(name) { said[name] = MetricValue(raw) }
            if places[name] == nil, !Self.shownApart.contains(name) { rest.append((name: name, value: raw)) }
        }
        try reader.end()
        values = typed.indices.map { place in
            guard let value = found[place] else { return .null }
            if let fitting = value.value(typed[place].kind) { return fitting }
            rest.append((name: typed[place].upstream, value: value.raw))
            return .null
        }
        values.append(RestText.object(rest).map(Value.text) ?? .null)
        name(said, found)
        time(said, grain)
        judge(leniently)
    }

    private static let shownApart: Set<String> = ["accountId", "date", "hour"]
    private static let naming: Set<String> = ["accountId", "date", "hour", "datetime", "login", "platform", "broker"]
    private static let hourPlaces = places(Accounts.hourTyped)
    private static let dayPlaces = places(Accounts.dayTyped)

    private static func places(_ fields: [Accounts.Field]) -> [String: Int] {
        Dictionary(uniqueKeysWithValues: fields.enumerated().map { ($0.element.upstream, $0.offset) })
    }

    private mutating func name(_ said: [String: MetricValue], _ found: [MetricValue?]) {
        isUnnamed = said["accountId"] == nil
        let isNull = { (name: String) in said[name]?.isNull == true }
        // Said to be null: a record that leaves these fields out says nothing of them.
        let isTest = isNull("login") && (isNull("platform") || isNull("broker"))
            && ["platform", "broker"].allSatisfy { said[$0]?.isNull ?? true }
        guard let id = said["accountId"], !id.isNull, id.text != "" else {
            isNobodys = true
            return
        }
        isNobodys = isTest
        account = (id.whole.map { String($0) } ?? id.text).flatMap(AccountName.read)
        if let string = id.string { account = AccountName.read(string) }
        if account == nil { refuse("accountId is none") }
    }

    private mutating func time(_ said: [String: MetricValue], _ grain: Accounts.Grain) {
        let stamp = said["datetime"]?.string.flatMap(AccountsStamp.instant)
        if let date = said["date"], !date.isNull {
            day = date.text.flatMap(AccountsStamp.day)
        } else {
            day = stamp.map { AccountsStamp.days.slot(containing: $0) }
        }
        if day == nil { refuse("date is none") }
        if grain == .day { return }
        if let told = said["hour"], !told.isNull {
            hour = told.whole.flatMap { (0...23).contains($0) ? Int($0) : nil }
        } else if let stamp {
            let day = AccountsStamp.days.slot(containing: stamp)
            hour = Int((stamp - AccountsStamp.days.start(of: day)) / Accounts.hourSeconds)
        }
        if hour == nil { refuse("hour is none of 0 to 23") }
    }

    private mutating func judge(_ leniently: Bool) {
        if case .integer(let count) = values[Accounts.tradesColumn], count >= 0 {} else { refuse(Self.badTrades) }
        if leniently { return }
        if case .decimal(let profit) = values[Accounts.profitColumn], profit.isNegative { refuse("grossProfit is negative") }
        if case .decimal(let loss) = values[Accounts.lossColumn], loss > .zero { refuse("grossLoss is positive") }
    }

    private mutating func refuse(_ reason: String) { flaw = flaw ?? reason }
}
