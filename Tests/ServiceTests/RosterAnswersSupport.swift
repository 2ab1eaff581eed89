@testable import Answers
import Bytes
import Series
import Store
import Testing

/// Accounts of which an hour is expected on a day that their listing names them on: hours and days in tables of their own, and no upstream.
enum Listed {
    static let accounts = ["1", "2", "10"]
    static let roster = SeriesKey(["*", "day"])
    static var series: [SeriesKey] {
        [roster] + accounts.flatMap { id in ["hour", "day"].map { SeriesKey([id, $0]) } }
    }

    static func dataset(followed: [SeriesKey] = series) -> Dataset {
        let hours = table("listed_hours", date: [ShownField("hour", .localHour)])
        let days = table("listed_days", date: [])
        let channels = ["hour", "day", "roster"]
        return Dataset(
            name: "listed", title: "Hours of accounts", keys: ["account_id", "grain"], unit: "USD", zone: .utc,
            calendars: .each(finest: .every(seconds: 3600, anchor: 0)) { key in
                Series.Calendar(ruler: .every(seconds: key.values[1] == "hour" ? 3600 : 86_400, anchor: 0))
            },
            dueLag: { _ in 7200 }, horizonDays: 30,
            shapes: channels.map { name in
                CallShape(
                    name: name + "s", channel: name, kind: .batch(series: name == "roster" ? 1 : 25), fixed: Cost(requests: 1),
                    secondsPerRequest: 0.1)
            },
            periods: .every(seconds: 86_400, anchor: 0),
            upstream: UpstreamProfile(
                name: "nowhere", credential: .none, rate: RequestRate(count: 10, seconds: 1), requestsInFlight: 1, timeoutSeconds: 1,
                bodyBytesMax: 1),
            exchange: { _ in preconditionFailure("this dataset makes no calls") }, schema: hours.schema, slotFields: hours.slotFields,
            partFields: hours.partFields, tables: ["day": days, "roster": days], followed: followed,
            channel: { key in key == roster ? "roster" : key.values[1] },
            absenceWords: .bySlot { key, _ in key.values == ["2", "hour"] ? "trades_differ" : "no_trade" }, emptyReasons: ["no_trade"],
            dueFrom: .periodEnd,
            roster: Roster(
                series: roster, key: "account_id", isListed: { $0.values[1] == "day" && $0 != roster },
                teller: { $0.values[1] == "hour" ? SeriesKey([$0.values[0], "day"]) : nil },
                told: { [SeriesKey([$0.values[0], "hour"])] }, tellerCount: "num_trades", toldCount: "num_trades",
                emptyReason: "no_trade", doubtReason: "trades_differ", untoldReason: "day_unknown", unexpectedReason: "no_daily_row"),
            readDefaults: ["grain": "hour"],
            reasonTexts: [
                "no_trade": "None: nobody traded then.", "trades_differ": "Wait: the day has more trades than its hours.",
                "day_unknown": "Fetch the day first.", "no_daily_row": "The account has no row of that day.",
            ])
    }

    private static func table(_ name: String, date: [ShownField]) -> RowTable {
        let members = [(name: "numTrades", column: 0), (name: "netProfit", column: 1), (name: "country", column: 2)]
        return RowTable(
            schema: RowSchema(
                table: name,
                columns: [
                    .init("num_trades", .integer), .init("net_profit", .decimal), .init("country", .text), .init("rest", .json),
                ],
                migrations: [
                    .init(name: "0001 \(name)", sql: """
                        create table \(name) (
                            series_id int not null references series, time timestamptz not null, num_trades bigint not null,
                            net_profit numeric, country text, rest jsonb, task_id bigint not null, primary key (series_id, time));
                        """)
                ]),
            slotFields: [ShownField("account_id", .key(0)), ShownField("date", .localDate)] + date
                + [ShownField("metrics", .object(columns: members, rest: 3))])
    }

    static func values(_ trades: Int, profit: String? = nil, country: String? = nil, rest: String? = nil) -> [Value] {
        [
            .integer(Int64(trades)), profit.flatMap { Decimal($0) }.map(Value.decimal) ?? .null, country.map(Value.text) ?? .null,
            rest.map(Value.text) ?? .null,
        ]
    }
}

extension ReaderUnderTest {
    /// A call that ends as proved and brings rows of one series: values by day or hour.
    func bring(_ key: [String], _ rows: [(time: String, values: [Value])], days: [String]) async throws {
        let key = SeriesKey(key)
        let id = try #require(ids[key.description])
        let stored = try rows.map { StoredRow(seriesID: id, time: try Timestamp.parse($0.time), values: $0.values) }
        let numbers = days.compactMap { LocalDate($0)?.daysSince1970 }
        let (first, last) = (try #require(numbers.min()), try #require(numbers.max()))
        try await finish(stored, [id], days: first..<last + 1, askedAt: clock.now, now: clock.now, shape: dataset.channel(key) + "s")
    }

    /// Of 2024-04-15 to 2024-04-18: account 1 is whole but for two hours of the 16th; of the hours of account 2 on the 15th the silence is
    /// doubted; nobody knows of the 18th; account 10 is not listed on the 16th.
    func fillListed() async throws {
        let listed = ["2024-04-15": ["1", "2", "10"], "2024-04-16": ["1", "2"], "2024-04-17": ["1", "2", "10"]]
        for (day, accounts) in listed.sorted(by: { $0.key < $1.key }) {
            try await bring(["*", "day"], [(day + "T00:00:00Z", Listed.values(90, rest: #"{"accounts": 3}"#))], days: [day])
            for account in accounts { try await bring([account, "day"], [(day + "T00:00:00Z", Listed.values(24))], days: [day]) }
        }
        func hours(_ day: String, _ hours: some Sequence<Int>) -> [(time: String, values: [Value])] {
            hours.map { hour in
                let text = hour < 10 ? "0\(hour)" : "\(hour)"
                let values = Listed.values(1, profit: "-\(hour).5", country: "CL", rest: #"{"b": [1, "x"], "a": null}"#)
                return ("\(day)T\(text):00:00Z", values)
            }
        }
        try await bring(["1", "hour"], hours("2024-04-15", 0..<24), days: ["2024-04-15"])
        try await fill("1/hour", hours("2024-04-16", (0..<24).filter { $0 != 5 && $0 != 6 }))
        try await bring(["2", "hour"], hours("2024-04-15", 0..<22), days: ["2024-04-15"])
    }

    /// Rows of a call without proof.
    func fill(_ series: String, _ rows: [(time: String, values: [Value])]) async throws {
        let id = try #require(ids[series])
        try await finish(
            try rows.map { StoredRow(seriesID: id, time: try Timestamp.parse($0.time), values: $0.values) }, [id], days: 0..<1,
            askedAt: nil, now: clock.now, shape: "hours")
    }
}
