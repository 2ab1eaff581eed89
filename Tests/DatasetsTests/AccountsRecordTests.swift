import Bytes
import Series
import Testing

@testable import Datasets

@Suite("Records of accounts")
struct AccountsRecordTests {
    private func read(_ members: String, _ grain: Accounts.Grain = .hour) -> AccountsRecord {
        AccountsRecord(Array("{\(members)}".utf8), grain)
    }

    private func value(_ name: String, _ record: AccountsRecord, _ grain: Accounts.Grain = .hour) -> Value {
        let schema = grain == .hour ? Accounts.hours : Accounts.days
        return record.values[schema.index(of: name)!]
    }

    private static let named = #""accountId": "a1", "date": "2025-06-01", "hour": 7, "numTrades": 3"#

    @Test func typedFieldsHaveColumnsAndAllElseIsKeptWhole() {
        let record = read(
            Self.named + #", "netProfit": 12.50, "login": 8801, "planId": "p", "status": 2, "mt_version": 5, "platform": 4, "#
                + #""days_to_next_payout": 3, "updatedAt": null, "tags": ["x", {"b": 1, "a": [ ]}], "é": true"#)
        #expect(record.flaw == nil && record.account == "a1" && record.hour == 7 && !record.isNobodys)
        #expect(record.time(.hour) == LocalDate("2025-06-01").map { Int64($0.daysSince1970) * 86_400 + 7 * 3600 })
        #expect(value("num_trades", record) == .integer(3))
        #expect(value("net_profit", record) == .decimal(Decimal("12.5")!))
        #expect(value("login", record) == .text("8801") && value("plan_id", record) == .text("p"))
        #expect(value("status", record) == .integer(2) && value("mt_version", record) == .integer(5) && value("country", record) == .null)
        #expect(value("rest", record) == .text(
            #"{"platform":4,"days_to_next_payout":3,"updatedAt":null,"tags":["x",{"b":1,"a":[]}],"é":true}"#))
        #expect(record.values.count == Accounts.hours.columns.count)
        let payouts = #", "days_to_next_payout": "12", "todays_payouts": 0.10"#
        let day = read(#""accountId": 77.0, "date": 20250601, "numTrades": "3.0""# + payouts, .day)
        #expect(day.flaw == nil && day.account == "77" && day.time(.day) == record.time(.hour).map { $0 - 7 * 3600 })
        #expect(value("days_to_next_payout", day, .day) == .integer(12) && value("num_trades", day, .day) == .integer(3))
        #expect(value("todays_payouts", day, .day) == .decimal(Decimal("0.1")!) && value("rest", day, .day) == .null)
    }

    /// What does not fit its column leaves it empty, and stays as it came.
    @Test(arguments: [
        ("netProfit", "\"n/a\"", "\"n/a\""), ("netProfit", "1e25", "10000000000000000000000000"),
        ("netProfit", "-2.842170943040401e-14", "-0.00000000000002842170943040401"), ("netProfit", "1e301", "\"1e301\""),
        ("netProfit", "-1e-900", "\"-1e-900\""), ("netProfit", "1e99999999999999999999", "\"1e99999999999999999999\""),
        ("netProfit", "true", "true"), ("netProfit", "[1]", "[1]"), ("netProfit", "\"\"", "\"\""),
        ("netProfit", "\"NaN\"", "\"NaN\""), ("netProfit", "0.1234567890123456789", "0.1234567890123456789"),
        ("status", "1.5", "1.5"), ("status", "\"one\"", "\"one\""), ("broker", "99999999999999999999", "99999999999999999999"),
        ("login", "{\"a\": 1}", "{\"a\":1}"), ("country", "false", "false"),
        ("grossProfit", "\"-\"", "\"-\""), ("grossLoss", "\"+\"", "\"+\""),
    ])
    func whatDoesNotFitStays(name: String, text: String, kept: String) {
        let record = read(Self.named + ", \"\(name)\": \(text)")
        let column = Accounts.hourTyped.firstIndex { $0.upstream == name }!
        #expect(record.flaw == nil && record.values[column] == .null)
        #expect(value("rest", record) == .text("{\"\(name)\":\(kept)}"))
    }

    /// As Postgres writes numbers that it reads out of jsonb.
    @Test(arguments: [
        ("1", "1"), ("-0", "0"), ("-0.0", "0.0"), ("1.50", "1.50"), ("1.50e1", "15.0"), ("1.5e3", "1500"), ("1E+2", "100"),
        ("1e-5", "0.00001"), ("123.456e-2", "1.23456"), ("0.000e2", "0.0"), ("-12.5e0", "-12.5"), ("0e5", "0"), ("12e-1", "1.2"),
        ("1e300", "\"1e300\""), ("1e-300", "0." + String(repeating: "0", count: 299) + "1"), ("1e-302", "\"1e-302\""),
    ])
    func numbersAreWrittenOut(text: String, shown: String) {
        var writer = JSONWriter(capacity: 16)
        writer.value(RestText.number(Array(text.utf8)[...]))
        #expect(String(decoding: writer.bytes, as: UTF8.self) == shown)
    }

    @Test func namesStandAsTheyCameAndTheLastOfDoubledOnesHolds() {
        let record = read(Self.named + #", "bb": 1, "a": "x\u0041\/\u0007\"", "B": {"y": 1, "x": 2, "y": 3}, "bb": 2"#)
        #expect(value("rest", record) == .text(#"{"a":"xA/\u0007\"","B":{"x":2,"y":3},"bb":2}"#))
    }

    @Test(arguments: [
        ("\"numTrades\": 3", "\"numTrades\": -1", "numTrades is no count"),
        ("\"numTrades\": 3", "\"numTrades\": 1.5", "numTrades is no count"),
        ("\"numTrades\": 3", "\"numTrades\": null", "numTrades is no count"), ("\"numTrades\": 3", "\"x\": 1", "numTrades is no count"),
        ("\"numTrades\": 3", "\"numTrades\": \"many\"", "numTrades is no count"),
        ("\"numTrades\": 3", "\"numTrades\": 1e99", "numTrades is no count"),
        ("\"hour\": 7", "\"hour\": 24", "hour is none of 0 to 23"), ("\"hour\": 7", "\"hour\": -1", "hour is none of 0 to 23"),
        ("\"hour\": 7", "\"x\": 1", "hour is none of 0 to 23"), ("\"hour\": 7", "\"hour\": 7.5", "hour is none of 0 to 23"),
        ("\"2025-06-01\"", "\"2025-02-30\"", "date is none"), ("\"2025-06-01\"", "\"20250230\"", "date is none"),
        ("\"2025-06-01\"", "\"yesterday\"", "date is none"), ("\"2025-06-01\"", "null", "date is none"),
        ("\"a1\"", "\"*\"", "accountId is none"), ("\"a1\"", "\"a,b\"", "accountId is none"), ("\"a1\"", "[1]", "accountId is none"),
        ("\"a1\"", "\"\(String(repeating: "a", count: 65))\"", "accountId is none"),
        ("\"numTrades\": 3", "\"numTrades\": 3, \"grossProfit\": -0.01", "grossProfit is negative"),
        ("\"numTrades\": 3", "\"numTrades\": 3, \"grossLoss\": \"0.01\"", "grossLoss is positive"),
    ])
    func whatIsNoRowSaysWhy(part: String, instead: String, reason: String) {
        let members = Self.named.replacing(part, with: instead)
        #expect(members != Self.named)
        #expect(read(members).flaw == reason)
    }

    @Test(arguments: [
        ("\"20250601\"", "7"), ("20250601", "7.0"), ("\"2025-06-01\"", "\"7\""), ("\"2025-06-01T00:00:00.000Z\"", "7"),
        ("\"2025-06-01T23:59:59Z\"", "\"7.0\""), (" \"2025-05-31T22:30:00-03:00\"", "7"), ("\"2025-06-01T00:00:00\"", "7"),
    ])
    func datesAndHoursComeInManySpellings(date: String, hour: String) {
        let record = read(#""accountId": " a1 ", "numTrades": 0, "date": \#(date), "hour": \#(hour)"#)
        #expect(record.flaw == nil && record.account == "a1" && record.identity == read(Self.named).identity)
    }

    @Test func whatLacksIsInTheTimeStamp() {
        let stamp = #""accountId": "a1", "numTrades": 3, "datetime": "2025-06-01T07:15:00Z""#
        #expect(read(stamp).identity == read(Self.named).identity && read(stamp).flaw == nil)
        #expect(read(stamp + #", "hour": 8"#).hour == 8, "what is said stands above it")
        #expect(read(stamp + #", "hour": null, "date": null"#).hour == 7)
    }

    /// Only what is said to be null makes a test account: a record may leave these fields out.
    @Test(arguments: [
        (#""accountId": null"#, true), (#""accountId": """#, true), (#""login": 5"#, true),
        (#""accountId": "a", "login": null, "platform": null, "broker": null"#, true),
        (#""accountId": "a", "login": null, "broker": null"#, true),
        (#""accountId": "a", "login": null, "platform": 4, "broker": null"#, false), (#""accountId": "a", "login": null"#, false),
        (#""accountId": "a", "login": "1", "platform": null, "broker": null"#, false), (#""accountId": "a""#, false),
    ])
    func testAccountsAreNobodys(members: String, isNobodys: Bool) {
        #expect(read(members + #", "date": "20250601", "hour": 1, "numTrades": 1"#).isNobodys == isNobodys)
    }

    @Test func whatIsNoObjectIsRefusedWhole() {
        #expect(AccountsRecord(Array("[1]".utf8), .day).flaw == AccountsRecord.notObject)
    }

    /// NaN and its like are none of JSON; NUL and lone surrogates are nothing that a store's text can hold.
    @Test(arguments: [
        ("[NaN,-Infinity,Infinity,-1]", "[null,null,null,-1]"), (#"["NaN", "a\"NaN"]"#, #"["NaN", "a\"NaN"]"#),
        (#"["a\u0000b"]"#, "[\"a\u{FFFD}b\"]"), (#"["\\u0000"]"#, #"["\\u0000"]"#), (#"["\ud800x"]"#, "[\"\u{FFFD}x\"]"),
        (#"["\udc00"]"#, "[\"\u{FFFD}\"]"), (#"["\ud83d\ude00"]"#, #"["\ud83d\ude00"]"#), (#"["\u"#, #"["\u"#),
        // Damaged on its way, and no JSON afterwards either.
        ("[\"a\u{0}\"]", "[\"a\u{0}\"]"),
    ])
    func whatIsNoJSONIsMended(body: String, mended: String) {
        #expect(String(decoding: MendedJSON.bytes(Array(body.utf8)), as: UTF8.self) == mended)
    }

    @Test func aRefusedRecordIsReadAgain() throws {
        let reread = AccountsReread.reread
        let key = SeriesKey(["a1", "hour"])
        func kept(_ text: String) -> KeptRecord { KeptRecord(record: "{\(text)}", time: nil, shape: "hours") }
        #expect(try reread(key, kept(Self.named + #", "x": NaN"#), false).get().trades == 3)
        let odd = kept(Self.named + #", "grossProfit": -1"#)
        #expect(reread(key, odd, false) == .failure(RereadRefusal("grossProfit is negative")))
        #expect(try reread(key, odd, true).get().values[Accounts.profitColumn] == .decimal(Decimal(-1)))
        #expect(reread(SeriesKey(["a2", "hour"]), odd, true) == .failure(RereadRefusal("of another account")))
        let countless = kept(#""accountId": "a1", "date": "20250601", "hour": 1"#)
        #expect(reread(key, countless, true) == .failure(RereadRefusal("numTrades is no count")))
    }
}
