import Bytes
import Foundation
import Testing

@testable import Sandbox

@Suite struct PolygonAnswerTests {
    @Test func rangeHasItsShape() throws {
        let desk = try makePolygon()
        let page = try desk.range("AAPL", "2025-03-06", "2025-03-11")
        #expect(page.body.object?.map(\.0) == [
            "ticker", "queryCount", "resultsCount", "adjusted", "results", "status", "request_id", "count",
        ])
        #expect(page.body["ticker"]?.string == "AAPL" && page.body["adjusted"]?.bool == true && page.body["status"]?.string == "OK")
        for name in ["queryCount", "resultsCount", "count"] { #expect(page.body[name]?.int == 4) }
        // Midnight in New York, before and after its clocks change.
        #expect(page.rows.map(\.time) == [1_741_237_200_000, 1_741_323_600_000, 1_741_579_200_000, 1_741_665_600_000])
        #expect(page.rows.allSatisfy { $0.isSound })
        let same = try desk.range("AAPL", "1741240000000", "1741669999999")
        #expect(same.rows == page.rows)
        #expect(try desk.range("AAPL", "2025-03-06", "2025-03-11", "?sort=desc").rows == page.rows.reversed())
    }

    @Test func silenceHasNoResults() throws {
        let desk = try makePolygon()
        for (ticker, from, to) in [
            ("AAPL", "2025-03-08", "2025-03-09"), ("AAPL", "2030-01-01", "2030-02-01"), ("BRK-B", "2025-03-03", "2025-03-07"),
            ("aapl", "2025-03-03", "2025-03-07"), ("META", "2022-06-01", "2022-06-08"), ("FB", "2022-06-09", "2025-06-10"),
        ] {
            let page = try desk.range(ticker, from, to)
            #expect(page.body["results"] == nil && page.body["resultsCount"]?.int == 0 && page.body["status"]?.string == "OK")
        }
        #expect(try desk.range("BRK.B", "2025-03-03", "2025-03-07").rows.count == 5)
        #expect(try desk.range("FB", "2022-06-07", "2022-06-30").rows.count == 2)
        #expect(try desk.range("META", "2022-06-07", "2022-06-10").rows.count == 2)
        desk.setPolygon(#"{"unknown_ticker":"not_found"}"#)
        #expect(desk.polygonAnswer("/v2/aggs/ticker/BRK-B/range/1/day/2025-03-03/2025-03-07").status == 404)
    }

    @Test func badQuestionsAreRefused() throws {
        let desk = try makePolygon()
        let days = "2025-03-03/2025-03-07"
        for (target, status) in [
            ("/v2/aggs/ticker/AAPL/range/1/day/2025-03-07/2025-03-03", 400), ("/v2/aggs/ticker/AAPL/range/1/day/yesterday/2025-03-03", 400),
            ("/v2/aggs/ticker/AAPL/range/0/day/\(days)", 400), ("/v2/aggs/ticker/AAPL/range/1/fortnight/\(days)", 400),
            ("/v2/aggs/ticker/AAPL/range/1/minute/\(days)", 404), ("/v2/aggs/ticker/AAPL/range/5/day/\(days)", 404),
            ("/v2/aggs/ticker/AAPL/range/1/day/\(days)?limit=0", 400), ("/v2/aggs/ticker/AAPL/range/1/day/\(days)?sort=up", 400),
            ("/v2/aggs/ticker/AAPL/range/1/day/\(days)?adjusted=yes", 400), ("/v2/aggs/ticker/AAPL/range/1/day/\(days)?cursor=x", 400),
            ("/v2/aggs/grouped/locale/us/market/stocks/20250303", 400), ("/v2/aggs/nothing", 404), ("/v1/marketstatus/then", 404),
        ] { #expect(desk.polygonAnswer(target).status == status, "\(target)") }
    }

    @Test func pagesToTheEndAreOneBigPage() throws {
        let desk = try makePolygon()
        let whole = try desk.range("MSFT", "2024-01-01", "2025-06-30", "?limit=50000")
        #expect(whole.rows.count == 361 && whole.next == nil)
        for query in ["?limit=7", "?limit=120", "?limit=7&sort=desc"] {
            let pages = try desk.allPages("MSFT", "2024-01-01", "2025-06-30", query)
            #expect(pages.rows == (query.contains("desc") ? whole.rows.reversed() : whole.rows), "\(query)")
            // What differs from page to page is where it begins: the cursor says the same on all.
            #expect(Set(pages.urls).count == pages.urls.count && Set(pages.urls.map { $0.split(separator: "?")[1] }).count == 1)
            let begin = "https://api.polygon.io/v2/aggs/ticker/MSFT/range/1/day/"
            #expect(pages.urls.allSatisfy { $0.hasPrefix(begin) && !$0.contains("apiKey") })
        }
        desk.setPolygon(#"{"page_size":50,"empty_last_page":true}"#)
        let short = try desk.allPages("MSFT", "2024-01-01", "2025-06-30", "?limit=5000")
        #expect(short.rows == whole.rows && short.urls.count == 7)
        let full = try desk.allPages("MSFT", "2025-06-02", "2025-06-06", "?limit=5")
        #expect(full.rows.count == 5 && full.urls.count == 1)
    }

    @Test func numbersAreWrittenInManyWays() throws {
        let desk = try makePolygon()
        let rows = try ["AAPL", "SPY", "KO", "NVDA"].flatMap { try desk.range($0, "2020-01-01", "2025-06-10").rows }
        let volumes = rows.compactMap { $0["v"] }
        #expect(volumes.count == rows.count && rows.count > 5_000)
        #expect(volumes.contains { $0.contains("e+0") } && volumes.contains { $0.hasSuffix(".0") })
        #expect(volumes.contains { $0.contains(".") && !$0.hasSuffix(".0") && !$0.contains("e") })
        let bare = volumes.count { Int64($0) != nil }
        #expect(bare > rows.count / 2)
        for name in ["n", "vw"] { #expect((rows.count / 100...rows.count / 25).contains(rows.count { $0[name] == nil }), "\(name)") }
        let prices = rows.flatMap { row in ["o", "h", "l", "c"].compactMap { row[$0] } }
        let decimals = Set(prices.map { $0.split(separator: ".").dropFirst().first?.count ?? 0 })
        #expect(decimals.isSuperset(of: [2, 3, 4]) && decimals.max() == 4)
        for row in rows {
            let vwap = row.decimal("vw"), high = try #require(row.decimal("h")), low = try #require(row.decimal("l"))
            if let vwap { #expect(vwap <= high && vwap >= low) }
        }
    }

    @Test func groupedHasAllOfASession() throws {
        let desk = try makePolygon()
        let page = try desk.grouped("2024-11-29")
        #expect(page.body.object?.map(\.0) == ["queryCount", "resultsCount", "adjusted", "results", "status", "request_id", "count"])
        // It closed at 13:00.
        #expect(Set(page.rows.map(\.time)) == [1_732_903_200_000])
        #expect(Set(try desk.grouped("2024-11-27").rows.map(\.time)) == [1_732_741_200_000])
        let names = page.rows.compactMap { $0["T"] }
        #expect(Set(names).count == names.count && names.count > 520 && names.contains("BRK.B") && names.count { $0.hasPrefix("YAA") } > 5)
        for (name, row) in zip(names, page.rows).prefix(60) {
            let alone = try #require(try desk.range(name, "2024-11-29", "2024-11-29").rows.first)
            for cell in ["o", "h", "l", "c", "v", "vw", "n"] { #expect(alone[cell] == row[cell]) }
        }
        for empty in ["2024-11-28", "2024-11-30", "2027-01-05", "2025-06-11"] {
            let page = try desk.grouped(empty)
            #expect(page.rows.isEmpty && page.body["resultsCount"]?.int == 0)
        }
    }

    @Test func previousAndStatusHaveTheirShapes() throws {
        let desk = try makePolygon()
        let previous = try PolygonPage(desk.polygonAnswer("/v2/aggs/ticker/AAPL/prev"))
        let row = try #require(previous.rows.first)
        #expect(previous.rows.count == 1 && row["T"] == "AAPL" && previous.body["ticker"]?.string == "AAPL")
        #expect(row.time == 1_749_585_600_000)
        let now = String(decoding: desk.polygonAnswer("/v1/marketstatus/now").body, as: UTF8.self)
        #expect(now.hasPrefix(
            #"{"market":"open","earlyHours":false,"afterHours":false,"serverTime":"2025-06-11T10:30:00-04:00","exchanges":{"nyse":"open""#))
        let upcoming = try #require(try JSONValue(parsing: desk.polygonAnswer("/v1/marketstatus/upcoming").body).array)
        let told = upcoming.map { "\($0["exchange"]?.string ?? "") \($0["date"]?.string ?? "") \($0["status"]?.string ?? "")" }
        #expect(Array(told.prefix(3)) == ["NYSE 2025-06-19 closed", "NASDAQ 2025-06-19 closed", "NYSE 2025-07-03 early-close"])
        #expect(upcoming[2]["close"]?.string == "2025-07-03T17:00:00.000Z" && upcoming[0]["close"] == nil && upcoming.count == 26)
        let saturday = try makePolygon(wednesday + 3 * 86_400)
        #expect(String(decoding: saturday.polygonAnswer("/v1/marketstatus/now").body, as: UTF8.self).hasPrefix(#"{"market":"closed""#))
    }

    @Test func tickersAreManyAndEachIsOne() throws {
        let desk = try makePolygon()
        let names = desk.polygon.book.tickers.map(\.name)
        #expect(names.count == 633 + 10 && Set(names).count == names.count)
        let renamed = desk.polygon.book.tickers.filter { $0.later != nil }
        #expect(renamed.count == 15)
        for old in renamed {
            let new = try #require(old.later.flatMap(desk.polygon.book.ticker)), last = try #require(old.last)
            let calendar = desk.polygon.book.calendar
            #expect(new.formerly == old.name && calendar.session(last) != nil && calendar.session(new.first) != nil)
            #expect(calendar.sessions(last...new.first).count == 2, "no session between \(old.name) and \(new.name)")
        }
        let more = try makePolygon { $0.polygon.equities = 700 }
        #expect(more.polygon.book.tickers.count == names.count + 700)
        #expect(try more.range("AAPL", "2025-01-01", "2025-06-01").rows == desk.range("AAPL", "2025-01-01", "2025-06-01").rows)
        let other = try makePolygon { $0.seed = 2 }
        #expect(try other.range("AAPL", "2025-01-01", "2025-06-01").rows != desk.range("AAPL", "2025-01-01", "2025-06-01").rows)
        let listing = desk.get("/_sandbox/truth", ["dataset": "equities", "kind": "tickers"])
        #expect(String(decoding: listing.body, as: UTF8.self).contains(
            #"{"ticker":"SQ","kind":"builtin","first":"2003-09-10","last":"2025-01-17","formerly":null,"later":"XYZ","thin":false}"#))
    }
}
