import Bytes
import Foundation
import Testing

@testable import Sandbox

@Suite struct PolygonRecordingTests {
    private static let flawed = ["BHF 2017-07-26", "ES 2015-07-17", "FTV 2016-07-01", "REGN 2015-06-09", "WRK 2015-06-26"]
    private static let contradictory = [
        "BBY 2016-03-14", "CHD 2014-05-19", "IP 2014-07-01", "LNT 2016-05-19", "SPG 2014-05-28", "WRK 2016-05-13",
    ]

    @Test(.enabled(if: recordedStocks != nil)) func recordedTickersAreServedWithAllTheirFlaws() throws {
        let path = try #require(recordedStocks)
        let desk = try makePolygon { $0.recording = path }
        let names = desk.polygon.book.tickers.filter { $0.kind == .recorded }.map(\.name)
        #expect(names.count == 414 && desk.service.market.buses.count == 40)
        let answer = desk.get("/_sandbox/truth", ["dataset": "equities", "from": "2013-02-01", "to": "2018-03-01"])
        var (served, fates) = (0, [String: [String]]())
        // Parsing half a million lines would take the longest of all.
        for text in String(decoding: answer.body, as: UTF8.self).components(separatedBy: "\n") where !text.isEmpty {
            if text.contains(#""fate":"served""#) {
                served += 1
                continue
            }
            let line = try JSONValue(parsing: Array(text.utf8))
            fates[line["fate"]?.string ?? "", default: []].append("\(line["ticker"]?.string ?? "") \(line["date"]?.string ?? "")")
        }
        #expect(served == 507_665 - 11 && fates["no_trade"] == nil)
        #expect(fates["refused"]?.sorted() == (Self.flawed + Self.contradictory).sorted())
        let lost = fates["lost"] ?? []
        #expect(Dictionary(grouping: lost) { $0.split(separator: " ")[0] }.mapValues(\.count) == ["BMY": 2, "ES": 10, "ICE": 5, "ORCL": 2])

        #expect(try desk.range("ORCL", "2013-07-12", "2013-07-17").rows.count == 2)
        let row = try #require(try desk.range("AAL", "2013-02-08", "2013-02-08").rows.first)
        #expect(["o", "h", "l", "c", "v"].map { row[$0] } == ["15.07", "15.12", "14.63", "14.75", "8407500"] && row.texts.count == 6)
        let empty = try #require(try desk.range("ES", "2015-07-17", "2015-07-17").rows.first)
        #expect(empty.texts.keys.sorted() == ["c", "h", "l", "t", "v"])
        #expect(try desk.range("BRK.B", "2013-02-08", "2018-02-07", "?limit=50000").rows.count == 1_259)
        #expect(try desk.grouped("2015-07-17").rows.count { !($0["T"] ?? "").hasPrefix("YAA") } > 400)

        desk.setPolygon(#"{"lost_sessions":false}"#)
        let healed = try desk.range("ORCL", "2013-07-12", "2013-07-17").rows
        #expect(healed.count == 4 && healed.allSatisfy { $0.isSound })
        let closes = healed.compactMap { $0.decimal("c") }
        #expect(closes == closes.sorted() || closes == closes.sorted().reversed())
    }

    @Test func folderOfNothingIsRefusedStill() {
        #expect(throws: Recording.Failure.self) { try makePolygon { $0.recording = "/nonexistent" } }
    }
}
