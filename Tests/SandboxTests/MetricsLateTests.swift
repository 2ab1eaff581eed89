import Foundation
import Testing

@testable import Sandbox

/// Rows that come late, or come otherwise later.
@Suite struct MetricsLateTests {
    @Test func exactlySoManyHoursAreWithheld() throws {
        let desk = try makeMetrics(100) {
            $0.metrics.isDense = true
            $0.metrics.isSteady = true
        }
        let whole = try desk.allMetrics("hourly", dates(1, 8)), days = try desk.allMetrics("daily", dates(1, 8))
        #expect(whole.count == 100 * 8 * 24)
        desk.setMetrics(#"{"withheld":{"hours":226,"from":"2025-06-01","to":"2025-06-08"}}"#)
        let fewer = try desk.allMetrics("hourly", dates(1, 8))
        let lacks = Set(whole.map(\.slot)).subtracting(fewer.map(\.slot))
        #expect(lacks.count == 226 && fewer.count == whole.count - 226)
        // Each lack shows in the day's count of trades.
        for row in whole where lacks.contains(row.slot) { #expect(row.trades > 0 && row.date < "20250608") }
        #expect(try desk.allMetrics("daily", dates(1, 8)) == days)
        let truth = try desk.metricsTruth("hours", "2025-06-01", "2025-06-09")
        #expect(Set(truth.filter { $0.fate == "withheld" }.map(\.slot)) == lacks && truth.count == whole.count)
        let told = desk.get("/_sandbox/truth", [
            "dataset": "accounts", "from": "2025-06-01", "to": "2025-06-08", "fate": "withheld", "brief": "1",
        ])
        #expect(told.body.split(separator: 10).count == 226)
        desk.setMetrics(#"{"withheld":null}"#)
        #expect(try desk.allMetrics("hourly", dates(1, 8)) == whole)
        // Of an end that has passed nothing is left.
        desk.setMetrics(#"{"withheld":{"hours":226,"from":"2025-06-01","to":"2025-06-08","until":"2025-06-10"}}"#)
        #expect(try desk.allMetrics("hourly", dates(1, 8)) == whole)
        desk.setMetrics(#"{"withheld":{"hours":1000000,"from":"2025-06-01","to":"2025-06-08"}}"#)
        #expect(try desk.allMetrics("hourly", dates(1, 7)).allSatisfy { $0.trades == 0 })
    }

    @Test func aShareOfHoursIsLate() throws {
        let desk = try makeMetrics()
        let whole = try desk.allMetrics("hourly", dates(3, 6))
        desk.setMetrics(#"{"lateHours":{"rate":0.3}}"#)
        let fewer = try desk.allMetrics("hourly", dates(3, 6))
        #expect((whole.count / 2..<whole.count * 9 / 10).contains(fewer.count))
        #expect(try desk.metricsTruth("hours", "2025-06-03", "2025-06-09").count { $0.fate == "withheld" } == whole.count - fewer.count)
        // 48 hours after its end a day is whole: those up to 2025-06-07 are, by now.
        desk.setMetrics(#"{"lateHours":{"rate":0.3,"hoursAfter":48}}"#)
        let now = try desk.allMetrics("hourly", dates(3, 6))
        #expect(now.filter { $0.date <= "20250607" } == whole.filter { $0.date <= "20250607" })
        #expect(now.count { $0.date == "20250608" } < whole.count { $0.date == "20250608" })
    }

    @Test func daysAreLateOrWrong() throws {
        let desk = try makeMetrics()
        let whole = try desk.allMetrics("daily", dates(3, 6))
        desk.setMetrics(#"{"lateDailyRows":{"rate":0.3}}"#)
        let fewer = try desk.allMetrics("daily", dates(3, 6))
        #expect((whole.count / 2..<whole.count * 9 / 10).contains(fewer.count))
        #expect(try desk.metricsTruth("days", "2025-06-03", "2025-06-09").count { $0.fate == "withheld" } == whole.count - fewer.count)
        desk.setMetrics(#"{"lateDailyRows":null,"wrongDailyTrades":{"rate":0.4}}"#)
        let wrong = try desk.allMetrics("daily", dates(3, 6))
        let truth = Dictionary(uniqueKeysWithValues: try desk.metricsTruth("days", "2025-06-03", "2025-06-09").map { ($0.slot, $0) })
        var (less, more) = (0, 0)
        for (row, right) in zip(wrong, whole) {
            #expect(row.slot == right.slot && row.trades >= 0 && abs(row.trades - right.trades) <= 3)
            less += row.trades < right.trades ? 1 : 0
            more += row.trades > right.trades ? 1 : 0
            let line = try #require(truth[row.slot])
            #expect(line.fate == (row.trades == right.trades ? "served" : "unsettled"))
            #expect(line.num_trades == row["numTrades"] && line.hour_trades == right["numTrades"])
        }
        #expect(less > 5 && more > 5)
        desk.setMetrics(#"{"wrongDailyTrades":{"rate":0.4,"until":"2025-06-10T14:20:00Z"}}"#)
        #expect(try desk.allMetrics("daily", dates(3, 6)) == whole)
    }

    @Test func rowsAreRevisedOnceAndTheirDayFollows() throws {
        let desk = try makeMetrics()
        let (hours, days) = (try desk.allMetrics("hourly", dates(3, 6)), try desk.allMetrics("daily", dates(3, 6)))
        desk.setMetrics(#"{"revised":{"rate":0.2,"hoursAfter":48}}"#)
        let (newHours, newDays) = (try desk.allMetrics("hourly", dates(3, 6)), try desk.allMetrics("daily", dates(3, 6)))
        var changes: [String: Int] = [:]
        for (new, old) in zip(newHours, hours) {
            #expect(new.slot == old.slot && new["priorDaysBalance"] == old["priorDaysBalance"])
            if new == old { continue }
            #expect(new.trades == old.trades + 1 && new.cents("netProfit") < old.cents("netProfit") && new.date <= "20250607")
            changes["\(new.account) \(new.date)", default: 0] += 1
        }
        #expect(changes.count > 20)
        for (new, old) in zip(newDays, days) {
            #expect(new.trades == old.trades + (changes["\(new.account) \(new.date)"] ?? 0))
        }
        desk.setMetrics(#"{"revised":{"rate":0.2}}"#)
        #expect(try desk.allMetrics("hourly", dates(8)) != hours.filter { $0.date == "20250608" })
    }
}
