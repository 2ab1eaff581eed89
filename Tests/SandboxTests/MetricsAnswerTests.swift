import Bytes
import Foundation
import Testing

@testable import Sandbox

@Suite struct MetricsAnswerTests {
    /// Every field of every record, against the truth, by the suite's own reading.
    private func compare(_ desk: Desk, _ path: String, _ kind: String, _ days: Int) throws {
        let rows = try desk.allMetrics(path, dates(3, days))
        let end = "2025-06-\(days + 3 < 10 ? "0" : "")\(days + 3)"
        let truth = try desk.metricsTruth(kind, "2025-06-03", end).filter { $0.fate == "served" }
        #expect(rows.count == truth.count && rows.count > 100)
        let told = Dictionary(uniqueKeysWithValues: truth.map { ($0.slot, $0) })
        for row in rows {
            let line = try #require(told[row.slot], "\(row.slot)")
            let metrics = try #require(line.metrics)
            #expect(Set(metrics.keys) == Set(row.texts.keys))
            for (name, text) in metrics where name != "date" { #expect(row[name] == text, "\(row.slot) \(name)") }
            #expect(row["numTrades"] == line.num_trades && row["netProfit"] == line.net_profit)
        }
    }

    @Test(arguments: [false, true]) func answersAreTheTruth(isDense: Bool) throws {
        let desk = try makeMetrics { $0.metrics.isDense = isDense }
        try compare(desk, "hourly", "hours", 4)
        try compare(desk, "daily", "days", 8)
    }

    @Test func daysAreTheSumsOfTheirHours() throws {
        for seed in 1...5 as ClosedRange<UInt64> {
            let desk = try makeMetrics(30) { $0.seed = seed }
            let days = try desk.allMetrics("daily", dates(3, 7)), hours = try desk.allMetrics("hourly", dates(3, 7))
            var sums: [String: [Int]] = [:]
            for hour in hours {
                let (profit, loss) = (hour.cents("grossProfit"), hour.cents("grossLoss"))
                #expect(hour.trades > 0 && profit >= 0 && loss <= 0 && profit + loss == hour.cents("netProfit"), "seed \(seed)")
                let old = sums["\(hour.account) \(hour.date)"] ?? [0, 0, 0]
                sums["\(hour.account) \(hour.date)"] = [old[0] + hour.trades, old[1] + profit, old[2] + loss]
            }
            var idle = 0
            for day in days {
                let sum = sums.removeValue(forKey: "\(day.account) \(day.date)") ?? [0, 0, 0]
                #expect([day.trades, day.cents("grossProfit"), day.cents("grossLoss")] == sum, "seed \(seed) \(day.slot)")
                if day.trades == 0 { idle += 1 }
            }
            #expect(sums.isEmpty && idle > 20 && idle < days.count)
        }
    }

    @Test func recordsAreAsDescribed() throws {
        let desk = try makeMetrics(100)
        let page = try desk.metrics("hourly", ["dates": "20250604"])
        #expect(page.body.map(\.0) == ["Status", "Data"] && page.rows.count == 100 && page.total == nil)
        let row = try #require(page.rows.first)
        for name in [
            "accountId", "login", "planId", "trader", "status", "type", "phase", "broker", "mt_version", "country", "startingBalance",
            "priorDaysBalance", "currentBalance", "currentEquity", "successRate", "meanDuration", "sharpeRatio", "maxDrawdown",
        ] {
            #expect(row[name] != nil, "\(name)")
        }
        #expect(row.texts.count > 45 && row.account.utf8.count == 6)
        #expect(row["date"] == "2025-06-04T00:00:00.000Z")
        #expect(row["datetime"] == "2025-06-04T\(row["hour"]!.utf8.count == 1 ? "0" : "")\(row["hour"]!):00:00Z")
        let day = try #require(try desk.metrics("daily", ["dates": "20250630,20250604"]).rows.first)
        #expect(day["days_to_next_payout"] == "26" && day["todays_payouts"] == "0.00" && day["hour"] == nil)
        let ids = Set(try desk.metrics("alltime", [:]).rows.map(\.account))
        #expect(ids.count > 20 && ids.isSuperset(of: page.rows.map(\.account)))
    }

    @Test func listingsAreFilteredAndPaged() throws {
        let desk = try makeMetrics()
        let all = try desk.metrics("hourly", ["dates": "20250604,20250605", "limit": "1000", "include-total": "1"])
        #expect(all.total == all.rows.count)
        let paged = try desk.allMetrics("hourly", "20250604,20250605", limit: 7)
        #expect(paged == all.rows)
        let names = Array(Set(all.rows.map(\.account)).sorted().prefix(3))
        let ids = names.joined(separator: ",") + ",999999"
        let some = try desk.metrics("hourly", ["dates": "20250604", "accountIds": ids, "hours": "8,9,10,11"])
        #expect(some.rows == all.rows.filter { row in
            names.contains(row.account) && row.date == "20250604" && ["8", "9", "10", "11"].contains(row["hour"]!)
        })
        let login = try #require(all.rows[0]["login"])
        #expect(try desk.metrics("daily", ["dates": "20250604", "logins": login]).rows.map(\.account) == [all.rows[0].account])
        #expect(try desk.metrics("daily", ["dates": "20250604", "accountIds": "999999", "include-total": "1"]).total == 0)
        let clamped = try desk.metrics("daily", ["dates": "20250604", "limit": "5000", "skip": "2"])
        #expect(clamped.body.last?.1["limit"]?.int == 1_000 && clamped.body.last?.1["skip"]?.int == 2)
        for bad: KeyValuePairs in [
            ["dates": "2025-06-04"], [:], ["dates": "20250631"], ["dates": "20250604", "limit": "0"],
            ["dates": "20250604", "skip": "-1"], ["dates": "20250604", "hours": "24"],
        ] {
            #expect(try desk.metricsError("hourly", bad).status == 400, "\(bad)")
        }
        #expect(try desk.metricsError("weekly", [:]).status == 404)
    }

    @Test func nothingOfTheFuture() throws {
        let desk = try makeMetrics { $0.metrics.isDense = true }
        let hours = try desk.allMetrics("hourly", dates(10, 2)), days = try desk.allMetrics("daily", dates(10, 2))
        #expect(Set(hours.map(\.date)) == ["20250610"] && hours.compactMap { Int($0["hour"]!) }.max() == 13)
        #expect(Set(days.map(\.date)) == ["20250610"] && days.count * 14 == hours.count)
        for day in days { #expect(day.trades == hours.filter { $0.account == day.account }.reduce(0) { $0 + $1.trades }) }
        #expect(try desk.metricsTruth("hours", "2025-06-10", "2025-06-12").count == hours.count)
        #expect(try desk.metricsTruth("days", "2025-06-10", "2025-06-12").count == days.count)
        desk.setMetrics(#"{"hourLagMinutes":90}"#)
        let late = try desk.allMetrics("hourly", dates(10))
        #expect(late.compactMap { Int($0["hour"]!) }.max() == 11)
        #expect(try desk.allMetrics("daily", dates(10)) == days)
        #expect(try desk.metricsTruth("hours", "2025-06-10", "2025-06-12").count { $0.fate == "withheld" } == days.count * 2)
    }

    @Test func hoursWithoutRowsAreKnownEmptyWhereTheDayIsThere() throws {
        let desk = try makeMetrics()
        let truth = try desk.metricsTruth("hours", "2025-06-04", "2025-06-05")
        let served = try desk.allMetrics("hourly", dates(4)), days = try desk.allMetrics("daily", dates(4))
        #expect(truth.count == days.count * 24 && truth.count { $0.fate == "no_trade" } == truth.count - served.count)
        desk.setMetrics(#"{"lateDailyRows":{"rate":0.5}}"#)
        let fewer = try desk.allMetrics("daily", dates(4)).map(\.account)
        let told = try desk.metricsTruth("hours", "2025-06-04", "2025-06-05").filter { $0.fate == "no_trade" }
        #expect(fewer.count < days.count && Set(told.map(\.account_id)) == Set(fewer))
    }

    @Test func accountsBeginAndEnd() throws {
        let desk = try makeMetrics(400) { $0.metrics.begin = 1_717_200_000 }
        let answer = desk.get("/_sandbox/truth", ["dataset": "accounts", "kind": "accounts"])
        let lines = answer.body.split(separator: 10).map { String(decoding: $0, as: UTF8.self) }
        let closed = lines.count { !$0.contains(#""closed":null"#) }
        #expect(lines.count > 300 && lines.count < 400 && closed > 20)
        let first = Set(try desk.allMetrics("daily", "20240601").map(\.account))
        let last = Set(try desk.allMetrics("daily", "20250609").map(\.account))
        #expect(last.subtracting(first).count > 20 && first.subtracting(last).count > 20 && lines.count - closed == last.count)
        let steady = try makeMetrics(50) { $0.metrics.isSteady = true }
        #expect(try steady.allMetrics("daily", dates(3, 7)).count == 350)
    }

    @Test func allTimeIsTheSumOfTheDays() throws {
        let desk = try makeMetrics(12)
        var sums: [String: Int] = [:]
        for day in try desk.metricsTruth("days", "2025-05-01", "2025-06-11") { sums[day.account_id, default: 0] += Int(day.num_trades!)! }
        let rows = try desk.metrics("alltime", ["include-total": "1"])
        #expect(rows.total == sums.count)
        for row in rows.rows { #expect(row.trades == sums[row.account]) }
    }

    @Test func balancesCarryFromDayToDay() throws {
        let desk = try makeMetrics(10) { $0.metrics.isSteady = true }
        let days = try desk.allMetrics("daily", dates(1, 9))
        for account in Set(days.map(\.account)) {
            let own = days.filter { $0.account == account }.sorted { $0.date < $1.date }
            #expect(own[0]["priorDaysBalance"] == own[0]["startingBalance"])
            for (day, next) in zip(own, own.dropFirst()) { #expect(next["priorDaysBalance"] == day["currentBalance"]) }
        }
    }

    @Test func sameSeedSameWorld() throws {
        func answers(_ seed: UInt64, _ count: Int) throws -> [UInt8] {
            let desk = try makeMetrics(count) { $0.seed = seed }
            desk.setMetrics(#"{"bareListRate":0.5,"unaskedRate":0.5,"failRate":0.3,"floatWholeRate":0.5,"hugeRatioRate":0.5}"#)
            let ids = desk.metrics.books.accounts.prefix(20).map { "\($0.id)" }.joined(separator: ",")
            return (0..<10).flatMap { _ in desk.get("/v2/metrics/hourly", ["dates": "20250604", "accountIds": ids]).body }
        }
        #expect(try answers(3, 40) == answers(3, 40))
        #expect(try answers(3, 40) != answers(4, 40))
        // An account is the same among few and among many.
        let few = try makeMetrics(10), many = try makeMetrics(200)
        let ids = few.metrics.books.accounts.map { "\($0.id)" }.joined(separator: ",")
        let query: KeyValuePairs = ["dates": dates(3, 3), "accountIds": ids, "limit": "1000"]
        #expect(few.get("/v2/metrics/daily", query).body == many.get("/v2/metrics/daily", query).body)
    }

    @Test func strangersStandInUnfilteredDaysAlone() throws {
        let desk = try makeMetrics(100) {
            $0.faults.metrics.testAccountRate = 0.1
            $0.faults.metrics.namelessRate = 0.1
        }
        let known = Set(desk.metrics.books.accounts.map { "\($0.id)" })
        let rows = try desk.allMetrics("daily", dates(4))
        let tests = rows.filter { $0["login"] == nil }, nameless = rows.filter { $0["accountId"] == nil }
        #expect(!tests.isEmpty && !nameless.isEmpty)
        for test in tests { #expect(!known.contains(test.account) && test["platform"] == nil && test["broker"] == nil) }
        #expect(Set(tests.map(\.account)).count == tests.count)
        let own = rows.filter { known.contains($0.account) }
        #expect(own.count == rows.count - tests.count - nameless.count)
        #expect(try desk.allMetrics("daily", dates(4), limit: 3) == rows)
        let narrow = try desk.metrics("daily", ["dates": dates(4), "accountIds": known.joined(separator: ","), "limit": "1000"])
        #expect(narrow.rows == own)
        #expect(Sandbox.MetricsFaults().testAccountRate > 0 && Sandbox.MetricsFaults().namelessRate > 0)
    }
}
