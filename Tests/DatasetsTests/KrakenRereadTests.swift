import Bytes
import Series
import Testing

@testable import Datasets

@Suite("Kraken candles read again")
struct KrakenRereadTests {
    private static let key = SeriesKey(["XBTUSD", "60"])

    private func line(_ text: String, _ leniently: Bool, key: SeriesKey = key) -> Result<Row, RereadRefusal> {
        KrakenReread.reread(key, KeptRecord(record: text, time: nil, shape: "archive", place: "line 3", file: "XBTUSD_60.csv"), leniently)
    }

    private func record(_ text: String, _ leniently: Bool) -> Result<Row, RereadRefusal> {
        KrakenReread.reread(Self.key, KeptRecord(record: text, time: nil, shape: "ohlc"), leniently)
    }

    @Test func aLineWhoseOpenIsOutsideIsARowOnAPersonsWordOnly() throws {
        let text = "1700002800,10.5,10,9,9.25,3.5,7"
        #expect(line(text, false) == .failure(RereadRefusal("open outside high and low")))
        let row = try line(text, true).get()
        let numbers = ["10.5", "10", "9", "9.25"].map { Value.decimal(Decimal($0)!) }
        #expect(row == Row(series: 0, time: 1_700_002_800, values: numbers + [.null, .decimal(Decimal("3.5")!), .integer(7), .text("csv")]))
    }

    @Test func whatWasSaidOfACandleBeforeItsEndIsARowOnAPersonsWordOnly() throws {
        let kept = KeptRecord(
            record: "1700002800,10.5,11,9,10.25,3.5,7", time: nil, shape: "archive", place: "line 3", file: "XBTUSD_60.csv",
            reason: "has not ended")
        #expect(KrakenReread.reread(Self.key, kept, false) == .failure(RereadRefusal("has not ended")))
        #expect(try KrakenReread.reread(Self.key, kept, true).get().time == 1_700_002_800)
    }

    @Test func whatPassesTheRulesIsARowByThem() throws {
        let row = try record(#"[1700002800,"10.5","11","9","10.25","10.1","3.5",7]"#, false).get()
        #expect(row.time == 1_700_002_800 && row.values[4] == .decimal(Decimal("10.1")!) && row.values[7] == .text("api"))
        #expect(try line("1700002800,10.5,11,9,10.25,3.5,7", false).get().values[4] == .null)
    }

    @Test func structureHoldsOnAnybodysWord() {
        for (text, reason) in [
            ("1700002801,1,1,1,1,1,1", "off the grid"), ("1700002800,1,1,1,1,1", "not a candle"),
            ("1700002800,1,x,1,1,1,1", "not a candle"),
            ("9999996000,1,1,1,1,1,1", "implausible instant"), ("1700002800,1,1,1,1,0,0", "no trades"), ("", "not a candle"),
            ("1700002800,10.5,9,11,10.25,3.5,7", "high below low"),
            ("1700002800,1,1,1,1,1,1…", "not a candle"),
        ] {
            #expect(line(text, true) == .failure(RereadRefusal(reason)), "\(text)")
        }
        for text in ["[]", "{}", "null", "[1700002800]", "[1700002800,{},1,1,1,1,1,1]", "[170000"] {
            #expect(record(text, true) == .failure(RereadRefusal("not a candle")), "\(text)")
        }
        #expect(line("1700002800,1,1,1,1,1,1", true, key: SeriesKey(["XBTUSD", "7"])) == .failure(RereadRefusal("no such interval")))
    }
}
