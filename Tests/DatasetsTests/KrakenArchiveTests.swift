import Bytes
import Foundation
import Series
import TestSupport
import Testing

@testable import Datasets

@Suite struct KrakenArchiveTests {
    private struct Reading: Equatable {
        var batch: RowBatch
        var refused: [QuarantinedRecord] = []
        var skipped = 0

        var reasons: [String] { refused.map(\.reason) }

        /// A row as text, its numbers canonical.
        func row(_ row: Int) -> String {
            let values = batch.columns.indices.map { column -> String in
                switch batch.value(column, of: row) {
                case .null, .kept: "-"
                case .decimal(let decimal): decimal.description
                case .integer(let integer): String(integer)
                case .text(let text): text
                }
            }
            return ([String(batch.times[row])] + values).joined(separator: " ")
        }

        var rows: [String] { batch.times.indices.map(row) }
    }

    private func read(_ text: [UInt8], minutes: Int, pieces: [Int] = [], now: Int64 = .max) -> Reading {
        var reader = KrakenArchive.format.reader(SeriesKey(["XBTUSD", String(minutes)]), now)
        var reading = Reading(batch: reader.emptyBatch)
        var from = 0
        for size in pieces + [text.count] {
            let to = min(from + size, text.count)
            let piece = Array(text[from..<to])
            reader.read(piece.span, into: &reading.batch, refused: &reading.refused)
            from = to
        }
        reader.finish(into: &reading.batch, refused: &reading.refused)
        reading.skipped = reader.skippedLines
        return reading
    }

    private func read(_ text: String, minutes: Int = 60) -> Reading { read(Array(text.utf8), minutes: minutes) }

    private let good = "1594818000,0.19,0.19,0.18,0.18,149.85089583,3"

    // MARK: - Names

    /// What begins a pair's history: the download of all years, not that of a quarter.
    @Test(arguments: [
        (["/a/XBTUSD_60.csv"], "2013-10-06", "2025-12-31", true), (["/a/HONEYUSD_60.csv"], "2024-10-02", "2025-03-31", true),
        (["/a/XBTUSD_60.csv"], "2025-01-01", "2025-03-31", false), (["/a/THINUSD_60.csv"], "2025-01-07", "2025-03-31", false),
        (["/a/NEWUSD_60.csv"], "2025-02-14", "2025-03-31", true),
        (["/a/Kraken_OHLCVT_Q1_2025.zip!NEWUSD_60.csv"], "2025-02-14", "2025-03-31", false),
        (["/a/NEWUSD_60.csv", "/b/Kraken_OHLCVT_Q1_2025/NEWUSD_60.csv"], "2025-02-14", "2025-03-31", false),
    ])
    func theBeginning(_ paths: [String], _ first: String, _ last: String, _ isBeginning: Bool) throws {
        func instant(_ day: String) throws -> Int64 { Int64(try #require(LocalDate(day)).daysSince1970) * 86_400 }
        #expect(KrakenArchive.format.isBeginning(paths, try instant(first)...(try instant(last))) == isBeginning)
    }

    @Test(arguments: [
        ("XBTUSD_60.csv", "XBTUSD/60"), ("XDGUSD_1.csv", "XDGUSD/1"), ("XBTUSD1_5.csv", "XBTUSD1/5"), ("SOLVUSD_720.csv", "SOLVUSD/720"),
        ("BTCUSD_1440.csv", "XBTUSD/1440"), ("ETHBTC_15.csv", "ETHXBT/15"), ("XXBTZUSD_240.CSV", "XBTUSD/240"),
        ("1INCHUSD_30.csv", "1INCHUSD/30"), ("XETHXXBT_60.csv", "ETHXBT/60"), ("xbtusd_60.csv", "XBTUSD/60"),
    ])
    func aNameTellsTheSeries(name: String, series: String) {
        #expect(KrakenArchive.format.series(name)?.description == series)
    }

    @Test(arguments: [
        "._XBTUSD_60.csv", ".XBTUSD_60.csv", "BTCUSD_Daily_OHLC.csv", "XBTUSD.csv", "XBTUSD_.csv", "_60.csv", "XBTUSD_61.csv",
        "XBTUSD_060.csv",
        "XBTUSD_+60.csv", "XBTUSD_60.csv.part", "XBTUSD_60", "XBTUSD_60 (1).csv", "XBT/USD_60.csv", "XBT_60.csv", "notes.txt", "",
        "XBTUSD_99999999999999999999.csv", "XBTÜSD_60.csv",
    ])
    func otherNamesAreNoneOfTheDataset(name: String) {
        #expect(KrakenArchive.format.series(name) == nil)
    }

    // MARK: - Rows

    @Test func aRowIsReadDigitForDigit() {
        let reading = read(good + "\n")
        #expect(reading.rows == ["1594818000 0.19 0.19 0.18 0.18 - 149.85089583 3 csv"])
        #expect(reading.refused.isEmpty)
    }

    @Test(arguments: [
        ("9.77e-06,9.8E-6,9.7e-6,9.77e-6,1.5e3", "0.00000977 0.0000098 0.0000097 0.00000977 - 1500"),
        ("1E+3,1e3,1e0,2.50e2,3997040.7609603507", "1000 1000 1 250 - 3997040.7609603507"),
        ("0.000000000000000001,1.000000000000000000000,0,0.0,10", "0.000000000000000001 1 0 0 - 10"),
        ("12345678,123456789.123456789,1234567.5,99999999.99999999,1", "12345678 123456789.123456789 1234567.5 99999999.99999999 - 1"),
        ("9223372036854775807,9223372036854775807,1,2,1", "9223372036854775807 9223372036854775807 1 2 - 1"),
        ("1.0000000000000001,900000000000000000,1,1,1e-10", "1.0000000000000001 900000000000000000 1 1 - 0.0000000001"),
    ])
    func numbersOfEveryForm(fields: String, values: String) {
        let reading = read("1594818000,\(fields),3")
        #expect(reading.rows == ["1594818000 \(values) 3 csv"])
        #expect(reading.refused.isEmpty)
    }

    @Test(arguments: [
        ("1594818000,1,1,1,1,1", "wrong number of fields"), ("1594818000,1,1,1,1,1,1,1", "wrong number of fields"),
        ("x", "wrong number of fields"),
        ("1594818000,1,1,1,1,1,", "not a number"), ("1594818000,,1,1,1,1,1", "not a number"), ("1594818000,nan,1,1,1,1,1", "not a number"),
        ("1594818000,1.,1,1,1,1,1", "not a number"), ("1594818000,.5,1,1,1,1,1", "not a number"),
        ("1594818000,1e,1,1,1,1,1", "not a number"),
        ("1594818000,01,1,1,1,1,1", "not a number"), ("1594818000,1,1,1,1,1,1.0", "not a number"),
        ("1594818000, 1,1,1,1,1,1", "not a number"),
        ("\"1594818000\",1,1,1,1,1,1", "not a number"), ("1594818000,+1,1,1,1,1,1", "not a number"),
        ("1594818000,1-,1,1,1,1,1", "not a number"),
        ("1594818000,1,12345678901234567890.5,1,1,1,1", "too many digits"),
        ("1594818000,1,1,1,1,0.0000000000000000001,1", "too many digits"),
        ("1594818000,1,1e30,1,1,1,1", "too many digits"), ("1594818000,1,1,1,1,1e-99,1", "too many digits"),
        ("1594818001,1,1,1,1,1,1", "off the grid"), ("1594818000000,1,1,1,1,1,1", "implausible instant"),
        ("0,1,1,1,1,1,1", "implausible instant"),
        ("-1594818000,1,1,1,1,1,1", "implausible instant"), ("1594818000,-1,1,-1,1,1,1", "negative"),
        ("1594818000,1,1,1,1,-1,1", "negative"),
        ("1594818000,1,1,1,1,1,-1", "negative"), ("1594818000,1,0.5,1,1,1,1", "high below low"),
        ("1594818000,1,5,3,3,1,1", "open outside high and low"),
        ("1594818000,6,5,3,3,1,1", "open outside high and low"), ("1594818000,4,5,3,2.9,1,1", "close outside high and low"),
        ("1594818000,4,5,3,5.01,1,1", "close outside high and low"), ("1594818000,1,1,1,1,1,0", "volume without trades"),
        ("1594818000,1,1,1,1,0.00,1", "trades without volume"), ("1594818000,1,1,1,1,0,0", "no trades"),
    ])
    func aRowThatBreaksARuleIsRefused(line: String, reason: String) {
        let reading = read("\(good)\n\(line)\n1594821600,0.19,0.209,0.18,0.185,37359.55942076,21\n")
        #expect(reading.reasons == [reason])
        #expect(reading.refused.first?.place == "line 2")
        #expect(reading.refused.first?.record == line)
        #expect(reading.batch.times == [1_594_818_000, 1_594_821_600])
    }

    @Test func theInstantOfARefusedRowIsTold() {
        #expect(read("1594818000,1,0.5,1,1,1,1").refused.first?.time == 1_594_818_000)
        #expect(read("today,1,0.5,1,1,1,1").refused.first?.time == nil)
    }

    @Test func headersAndEmptyLinesAreNobodysData() {
        let header = "time,open,high,low,close,volume,trades\r\n"
        let reading = read("\u{FEFF}\(header)\(good)\r\n\r\n\n\(good)")
        #expect(reading.rows.count == 2)
        #expect(reading.skipped == 3)
        #expect(reading.refused.isEmpty)
        #expect(read("\(good)\n\(header)").reasons == ["not a number"], "a header is the first line")
        #expect(read("").skipped == 0)
        #expect(read("").rows.isEmpty)
    }

    @Test func aLongLineIsRefusedAndClipped() {
        let reading = read("\(good)\n\(String(repeating: "7", count: 5000))\n\(good)\n")
        #expect(reading.reasons == ["line too long"])
        #expect(reading.refused[0].record == String(repeating: "7", count: 200) + "…")
        #expect(reading.rows.count == 2)
    }

    // MARK: - Pieces

    @Test(arguments: 0..<40)
    func piecesChangeNothing(seed: Int) {
        var random = Seeded(UInt64(seed), isTold: false)
        let alphabet = ["0", "1", "9", "5", ".", ",", "-", "e", "E", "+", "\r", "x", "", "1594818000", "12345678", "\0", "é"]
        var lines: [String] = []
        for _ in 0..<random.below(40) {
            var line = random.chance(50) ? good : "1594821600,9.77e-06,0.209,1e-6,0.185,37359.55942076,21"
            for _ in 0..<random.below(3) {
                let place = line.index(line.startIndex, offsetBy: random.below(line.count))
                line.replaceSubrange(place...place, with: alphabet[random.below(alphabet.count)])
                if line.isEmpty { line = " " }
            }
            if random.chance(3) { line = String(repeating: line, count: 40) }
            lines.append(line)
        }
        let text = Array(lines.joined(separator: random.chance(50) ? "\n" : "\r\n").utf8) + (random.chance(50) ? Array("\n".utf8) : [])
        let whole = read(text, minutes: 60)
        #expect(read(text, minutes: 60, pieces: Array(repeating: 1, count: text.count)) == whole)
        let sizes = (0..<text.count).map { _ in random.below(70) }
        #expect(read(text, minutes: 60, pieces: sizes) == whole)
        // Line by line the close look says the same.
        var rows: [String] = []
        for (number, line) in lines.enumerated() where line.utf8.count <= 1024 {
            let verdict = KrakenArchiveLine.read(ArraySlice(line.utf8), line: number + 1, KrakenArchiveRule(seconds: 3600, now: .max))
            guard case .row(let row) = verdict else { continue }
            rows.append("\(row.time) \(row.trades) \(Decimal(mantissa: row.high.mantissa, scale: Int(row.high.scale))!)")
        }
        let found = whole.batch.times.indices.map { row -> String in
            guard case .decimal(let high) = whole.batch.value(1, of: row), case .integer(let trades) = whole.batch.value(6, of: row)
            else { return "?" }
            return "\(whole.batch.times[row]) \(trades) \(high)"
        }
        #expect(found == rows)
        // A glance misses no row.
        var glance = KrakenArchive.format.glance(SeriesKey(["XBTUSD", "60"]))
        glance.read(text.span)
        glance.finish()
        #expect(glance.lines == rows.count + whole.refused.count + whole.skipped)
        #expect(glance.rows >= rows.count)
        if let first = whole.batch.times.min(), let last = whole.batch.times.max() {
            #expect(glance.first! <= first && glance.last! >= last)
        }
    }

    @Test func aCandleThatHasNotEndedIsRefused() {
        let next = "1594821600,0.19,0.209,0.18,0.185,37359.55942076,21"
        let text = Array("\(good)\n\(next)\r\n1594825200,1,1,1,1,1,1".utf8)
        for (now, times) in [(1_594_828_800, 3), (1_594_828_799, 2), (1_594_825_200, 2), (1_594_825_199, 1), (0, 0)] as [(Int64, Int)] {
            let reading = read(text, minutes: 60, now: now)
            #expect(reading.batch.count == times)
            #expect(reading.reasons == Array(repeating: "has not ended", count: 3 - times))
            #expect(reading.refused.map(\.place) == (times..<3).map { "line \($0 + 1)" })
        }
        let refused = read(text, minutes: 60, now: 1_594_825_199).refused[0]
        #expect(refused.time == 1_594_821_600 && refused.record == next)
    }

    // MARK: - Recordings

    private static let recorded = [
        ("ETHUSD_5.csv.gz", 52_943), ("XRPUSD_5.csv.gz", 52_792), ("FLRUSD_5.csv.gz", 34_009), ("HONEYUSD_5.csv.gz", 16_752),
        ("PEPEUSD_5.csv.gz", 47_723), ("XBTUSD_60.csv.gz", 50_378), ("STORJUSD_60.csv", 1508), ("XBTUSD_1440.csv", 4182),
        ("XBTUSD_720.csv", 8294),
    ]

    @Test(arguments: recorded)
    func everyRecordedRowReadsBack(name: String, count: Int) throws {
        guard let root = ProcessInfo.processInfo.environment["GAPLESS_REAL_DATA"] else {
            print("SKIPPED: recorded archives, since GAPLESS_REAL_DATA is not set")
            return
        }
        let path = "\(root)/kraken/archive/\(name)"
        let text = name.hasSuffix(".gz") ? try unpacked(path) : try Data(contentsOf: URL(filePath: path))
        let series = try #require(KrakenArchive.format.series(name.replacing(".gz", with: "")))
        let reading = read(Array(text), minutes: Int(series.values[1])!, pieces: Array(repeating: 65_521, count: text.count / 65_521))
        #expect(reading.refused.isEmpty)
        #expect(reading.skipped == 0)
        #expect(reading.batch.count == count)
        // A naive reading, by Foundation's decimals: each row, and the sums.
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
        #expect(lines.count == count)
        var differing = 0
        for (row, line) in lines.enumerated() {
            let fields = line.split(separator: ",").map { Foundation.Decimal(string: String($0))! }
            let found = reading.row(row).split(separator: " ").map(String.init)
            let plain = ([0, 1, 2, 3, 4].map { found[$0] } + [found[6], found[7]]).map { Foundation.Decimal(string: $0)! }
            if plain != fields || found[5] != "-" || found[8] != "csv" { differing += 1 }
        }
        #expect(differing == 0)
    }

    private func unpacked(_ path: String) throws -> Data {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["gzip", "-dc", path]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let text = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return text
    }
}
