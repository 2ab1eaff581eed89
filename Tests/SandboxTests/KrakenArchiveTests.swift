import Bytes
import Codec
import Foundation
import Testing

@testable import Sandbox

/// An archive in a folder of its own, that goes with it.
final class WrittenArchive {
    let folder: URL
    let files: [Sandbox.ArchiveFile]

    init(_ configuration: Sandbox.Configuration, through: Int64, _ options: String = "{}") throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "gapless-archive-\(UUID().uuidString)")
        var asked = Sandbox.ArchiveOptions(through: through)
        try asked.change(by: Array(options.utf8))
        files = try Sandbox.writeArchives(configuration, to: folder.path, asked)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: folder.appending(path: path))) }
    func text(_ path: String) throws -> String { String(decoding: try bytes(path), as: UTF8.self) }
    func names(_ under: String = "") -> [String] {
        let found = FileManager.default.enumerator(atPath: folder.appending(path: under).path)?.compactMap { $0 as? String } ?? []
        return found.filter { !$0.hasSuffix("complete") || under != "" }.sorted()
    }

    /// The entries of one of its ZIP files, found by the directory at its end.
    func entries(_ path: String) throws -> [String: [UInt8]] {
        let zip = try bytes(path)
        func number(_ at: Int, _ width: Int) -> Int { (0..<width).reversed().reduce(0) { $0 << 8 | Int(zip[at + $1]) } }
        let end = zip.count - 22
        try #require(number(end, 4) == 0x0605_4B50)
        var at = number(end + 16, 4)
        var entries: [String: [UInt8]] = [:]
        for _ in 0..<number(end + 10, 2) {
            try #require(number(at, 4) == 0x0201_4B50)
            let (method, packed, whole, length) = (number(at + 10, 2), number(at + 20, 4), number(at + 24, 4), number(at + 28, 2))
            let name = String(decoding: zip[(at + 46)..<(at + 46 + length)], as: UTF8.self)
            let local = number(at + 42, 4)
            let start = local + 30 + number(local + 26, 2) + number(local + 28, 2)
            let data = Array(zip[start..<start + packed])
            // Wrapped as gzip, zlib checks sum and length.
            let gz: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + data + zip[(at + 16)..<(at + 20)] + zip[(at + 24)..<(at + 28)]
            entries[name] = method == 0 ? data : try gunzip(gz, limit: whole)
            #expect(entries[name]?.count == whole)
            at += 46 + length
        }
        return entries
    }
}

/// A line of an archive file.
struct ArchiveLine: Equatable {
    let time: Int64
    let values: [Bytes.Decimal]
    let count: Int

    init?(_ line: Substring) {
        let fields = line.split(separator: ",", omittingEmptySubsequences: false)
        guard fields.count == 7, let time = Int64(fields[0]), let count = Int(fields[6]) else { return nil }
        let values = fields[1...5].compactMap { Bytes.Decimal($0) }
        guard values.count == 5, values[1] >= values[2] else { return nil }
        (self.time, self.values, self.count) = (time, values, count)
    }

    /// As the truth tells it; nil where nothing traded.
    init?(_ truth: KrakenLine) {
        let values = [truth.open, truth.high, truth.low, truth.close, truth.volume].compactMap { $0.flatMap { Bytes.Decimal($0) } }
        if values.count < 5 { return nil }
        (time, self.values, count) = (truth.time, values, truth.trades)
    }

    static func all(_ text: String) -> [ArchiveLine] { text.split(whereSeparator: \.isNewline).compactMap { ArchiveLine($0) } }
}

@Suite struct KrakenArchiveTests {
    private static let march: Int64 = 1_740_787_200
    private static let day: Int64 = 86_400

    /// What the archive should hold of a file: the truth's traded candles.
    private func truth(_ desk: Desk, _ pair: String, _ interval: Int, _ range: Range<Int64>) throws -> [ArchiveLine] {
        try desk.truth(pair, interval, range.lowerBound, range.upperBound - Int64(interval) * 60 + 1)
            .filter { $0.state == "traded" }.compactMap { ArchiveLine($0) }
    }

    @Test func completeSetIsTheTruth() throws {
        let configuration = exchange(begin: Self.march, only: ["XBTUSD", "HONEYUSD", "PEPEUSD"])
        let archive = try WrittenArchive(configuration, through: Self.march + 5 * Self.day + 5_000)
        let desk = try Desk(configuration)
        #expect(archive.files.count == 24 && archive.names().count == 24)
        for file in archive.files {
            let lines = ArchiveLine.all(try archive.text(file.path))
            #expect(lines == (try truth(desk, file.pair, file.interval, file.range)), "\(file.path)")
            #expect(lines.count == file.rows && file.spoiled.isEmpty)
        }
        #expect(Set(archive.files.map(\.interval)) == [1, 5, 15, 30, 60, 240, 720, 1440])
        let pepe = try archive.text("complete/PEPEUSD_5.csv")
        #expect(pepe.contains(#/,\d(\.\d+)?e-0[56],/#) && pepe.contains(#/,\d(\.\d)?E\+\d,/#))
        #expect(try archive.text("complete/XBTUSD_1.csv").contains(#/,\d+\.\d{9,10},\d+\n/#))
        // No line where nothing traded.
        #expect(try archive.text("complete/HONEYUSD_1.csv").split(separator: "\n").count < 1_500)
    }

    @Test func quartersFollowTheCompleteSet() throws {
        let december = Self.march - 90 * Self.day, april = Self.march + 31 * Self.day
        let configuration = exchange(begin: december, intensity: 0.2, only: ["XBTUSD", "SOLUSD"]) { $0.clockStart = april + 5 * Self.day }
        let options = """
            {"quarters":1,"overlapDays":2,"pairs":["SOLUSD"],"intervals":[60,720,1440],"lostBuckets":["SOLUSD@2025Q1"],"junk":true}
            """
        let archive = try WrittenArchive(configuration, through: april + 3 * Self.day, options)
        let desk = try Desk(configuration)
        let january = april - 90 * Self.day
        #expect(archive.names("complete").filter { !$0.hasPrefix("._") } == ["SOLUSD_1440.csv", "SOLUSD_60.csv", "SOLUSD_720.csv"])
        #expect(ArchiveLine.all(try archive.text("complete/SOLUSD_60.csv")) == (try truth(desk, "SOLUSD", 60, december..<january)))
        let entries = try archive.entries("Kraken_OHLCVT_Q1_2025.zip")
        #expect(entries.count == 6 && entries["__MACOSX/Kraken_OHLCVT_Q1_2025/._SOLUSD_60.csv"]?.first == 0)
        for interval in [60, 720, 1440] {
            let text = String(decoding: try #require(entries["Kraken_OHLCVT_Q1_2025/SOLUSD_\(interval).csv"]), as: UTF8.self)
            var expected = try truth(desk, "SOLUSD", interval, january - 2 * Self.day..<april)
            if interval > 60 {
                let lost = expected.removeLast()
                #expect(lost.time == april - Int64(interval) * 60)
            }
            #expect(ArchiveLine.all(text) == expected, "\(interval)")
        }
        let other = #"{"quarters":1,"complete":"gz","quarterly":"zip-stored","intervals":[60]}"#
        let stored = try WrittenArchive(configuration, through: april, other)
        let plain = try stored.entries("Kraken_OHLCVT_Q1_2025.zip")["Kraken_OHLCVT_Q1_2025/SOLUSD_60.csv"]
        #expect(ArchiveLine.all(String(decoding: try #require(plain), as: UTF8.self)) == (try truth(desk, "SOLUSD", 60, january..<april)))
        let gz = try gunzip(try stored.bytes("complete/SOLUSD_60.csv.gz"), limit: 1 << 24)
        #expect(ArchiveLine.all(String(decoding: gz, as: UTF8.self)) == (try truth(desk, "SOLUSD", 60, december..<january)))
        let missing = try WrittenArchive(configuration, through: april, #"{"quarters":1,"missingQuarters":["2025Q1"]}"#)
        #expect(missing.names().filter { $0.hasSuffix(".zip") }.isEmpty)
    }

    @Test func restatedQuarterDiffersInVolumesAndCountsAlone() throws {
        let configuration = exchange(begin: Self.march, only: ["XBTUSD"])
        let through = Self.march + 9 * Self.day
        let first = try WrittenArchive(configuration, through: through, #"{"restatedQuarters":["2025Q1"],"intervals":[720,1440]}"#)
        let later = try WrittenArchive(configuration, through: through, #"{"intervals":[720,1440]}"#)
        for interval in [720, 1440] {
            let old = ArchiveLine.all(try first.text("complete/XBTUSD_\(interval).csv"))
            let new = ArchiveLine.all(try later.text("complete/XBTUSD_\(interval).csv"))
            #expect(old.count == new.count)
            for (old, new) in zip(old, new) {
                #expect(old.time == new.time && old.values[..<4] == new.values[..<4])
                #expect(old.values[4] < new.values[4] && old.count < new.count)
            }
        }
        // Two halves are a day in the earlier edition too.
        let halves = ArchiveLine.all(try first.text("complete/XBTUSD_720.csv"))
        for day in ArchiveLine.all(try first.text("complete/XBTUSD_1440.csv")) {
            let inside = halves.filter { $0.time / Self.day == day.time / Self.day }
            #expect(inside.reduce(0) { $0 + $1.count } == day.count && inside[0].values[4] + inside[1].values[4] == day.values[4])
        }
    }

    @Test func plantedFaultsAreTheOnlyOnes() throws {
        let configuration = exchange(begin: Self.march, only: ["XBTUSD", "SOLUSD"])
        let gap = Self.march + 3 * Self.day + 7_000..<Self.march + 3 * Self.day + 40_000
        let options = """
            {"gaps":{"SOLUSD":[[\(gap.lowerBound),\(gap.upperBound)]]},"headers":["SOLUSD"],"crlf":["SOLUSD"],"growing":["XBTUSD_60"],
             "badLines":["XBTUSD_15"],"junk":true,"stray":true,"lookAlikes":true,"intervals":[1,15,60,1440]}
            """
        let archive = try WrittenArchive(configuration, through: Self.march + 5 * Self.day, options)
        let desk = try Desk(configuration)
        for file in archive.files {
            let lines = ArchiveLine.all(try archive.text(file.path)).filter { $0.time % Int64(file.interval * 60) == 0 }
            var expected = try truth(desk, file.pair, file.interval, file.range)
            let step = Int64(file.interval) * 60
            if file.pair == "SOLUSD" { expected.removeAll { $0.time >= gap.lowerBound && $0.time + step <= gap.upperBound } }
            expected.removeAll { file.spoiled.contains($0.time) }
            #expect(file.rows == expected.count)
            let doubles = zip(lines, lines.dropFirst()).count { $0 == $1 }
            #expect(doubles == (file.path.hasSuffix("XBTUSD_15.csv") ? 1 : 0))
            #expect(Set(lines.map(\.time)) == Set(expected.map(\.time)) && lines.count == expected.count + doubles, "\(file.path)")
        }
        #expect(archive.files.first { $0.path == "complete/XBTUSD_15.csv" }?.spoiled.count == 4)
        #expect(try archive.text("complete/XBTUSD_60.csv").last != "\n")
        #expect(try archive.text("complete/SOLUSD_60.csv").hasPrefix("timestamp,open,high,low,close,volume,trades\r\n1740"))
        let names = archive.names("complete")
        for name in ["._XBTUSD_1.csv", "BTCUSD_Daily_OHLC.csv", "XBTUSD1_60.csv", "UNITEUSD_60.csv", "XXBTZUSD_1440.csv"] {
            #expect(names.contains(name), "\(name)")
        }
        let twins = try ["XXBTZUSD", "XBTUSD"].map { try archive.bytes("complete/\($0)_1440.csv") }
        #expect(twins[0] == twins[1])
        for bad in [#"{"x":1}"#, "[]", #"{"missingQuarters":["2025-1"]}"#, #"{"lostBuckets":["XBTUSD"]}"#, #"{"complete":"rar"}"#] {
            var asked = Sandbox.ArchiveOptions(through: 0)
            do throws(Sandbox.Faults.Refused) {
                try asked.change(by: Array(bad.utf8))
                Issue.record("taken: \(bad)")
            } catch {
                #expect(error.name.hasPrefix("archive.") || bad == "[]")
            }
        }
    }

    @Test func writingWhereNothingCanBeWrittenSaysSo() {
        let configuration = exchange(begin: Self.march, only: ["XBTUSD"])
        #expect(throws: Sandbox.ArchiveFailure.self) {
            try Sandbox.writeArchives(configuration, to: "/dev/null/archive", Sandbox.ArchiveOptions(through: Self.march + Self.day))
        }
    }
}
