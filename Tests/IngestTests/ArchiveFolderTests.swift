import Bytes
import Codec
import Datasets
import Foundation
import Series
import Testing

@testable import Ingest

@Suite struct ArchiveFolderTests {
    /// A folder of its own that is gone after the test.
    private final class Scratch {
        let path: String

        init() throws {
            path = FileManager.default.temporaryDirectory.appending(path: "archive-\(UInt64.random(in: 0 ... .max))").path
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func write(_ bytes: [UInt8], _ name: String) throws {
            let file = URL(filePath: path).appending(path: name)
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: file)
        }

        func append(_ text: String, _ name: String) throws {
            let file = try FileHandle(forWritingTo: URL(filePath: path).appending(path: name))
            try file.seekToEnd()
            try file.write(contentsOf: Data(text.utf8))
            try file.close()
        }

        func run(_ arguments: String...) throws -> Bool {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = arguments
            process.currentDirectoryURL = URL(filePath: path)
            process.standardOutput = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            return process.terminationStatus == 0
        }

        func folder(rest: Int64 = 0, depth: Int = 8, entries: Int = 1000) -> ArchiveFolder {
            var limits = ArchiveFolder.Limits()
            limits.rest = rest
            limits.depth = depth
            limits.entries = entries
            return ArchiveFolder(path: path, format: KrakenArchive.format, limits: limits)
        }
    }

    private let text = Array(
        "1594818000,0.19,0.19,0.18,0.18,149.85089583,3\n1594825200,0.19,0.209,0.18,0.185,37359.55942076,21\nx\n1594821600,1,1,1,1,1,1\n"
            .utf8)

    private func read(_ source: ArchiveSource) throws -> [UInt8] {
        let text = try ArchiveText(source)
        var piece = [UInt8](repeating: 0, count: 1000)
        var out: [UInt8] = []
        while true {
            let count = try text.read(into: &piece)
            if count == 0 { return out }
            out += piece[..<count]
        }
    }

    @Test func whatIsTheDatasetsIsFound() throws {
        let scratch = try Scratch()
        try scratch.write(text, "XBTUSD_60.csv")
        try scratch.write(try gzip(text), "2024/q1/ETHUSD_60.csv.gz")
        try scratch.write(text, "._XBTUSD_60.csv")
        try scratch.write(text, ".hidden/XBTUSD_60.csv")
        try scratch.write(text, "__MACOSX/XBTUSD_60.csv")
        try scratch.write(text, "notes.txt")
        try scratch.write(text, "BTCUSD_Daily_OHLC.csv")
        try scratch.write(text, "broken.zip")
        try FileManager.default.createSymbolicLink(atPath: scratch.path + "/circle", withDestinationPath: "..")
        try FileManager.default.createSymbolicLink(atPath: scratch.path + "/XRPUSD_60.csv", withDestinationPath: "XBTUSD_60.csv")
        #expect(mkfifo(scratch.path + "/SOLUSD_60.csv", 0o600) == 0)
        let listing = try scratch.folder().list()
        #expect(listing.sources.map(\.path) == ["2024/q1/ETHUSD_60.csv.gz", "XBTUSD_60.csv"])
        #expect(listing.sources.map(\.series.description) == ["ETHUSD/60", "XBTUSD/60"])
        #expect(listing.sources.map(\.bytes) == [nil, Int64(text.count)])
        #expect(listing.refused.map(\.path) == ["broken.zip"])
        #expect(listing.passedOver == 8)
        #expect(listing.passedOverNames == [
            "._XBTUSD_60.csv", ".hidden", "BTCUSD_Daily_OHLC.csv", "SOLUSD_60.csv", "XRPUSD_60.csv", "__MACOSX", "circle", "notes.txt",
        ])
        for source in listing.sources { #expect(try read(source) == text) }
    }

    @Test func entriesOfAnArchiveAreSources() throws {
        let scratch = try Scratch()
        try scratch.write(text, "in/Kraken/XBTUSD_60.csv")
        try scratch.write(text + text, "in/Kraken/ETHUSD_5.csv")
        try scratch.write(text, "in/__MACOSX/._XBTUSD_60.csv")
        guard try scratch.run("python3", "-m", "zipfile", "-c", "Kraken_OHLCVT.zip", "in/Kraken", "in/__MACOSX") else {
            print("SKIPPED: an archive of Python's zipfile, since there is no python3")
            return
        }
        try FileManager.default.removeItem(atPath: scratch.path + "/in")
        let listing = try scratch.folder().list()
        #expect(listing.sources.map(\.path) == ["Kraken_OHLCVT.zip!Kraken/ETHUSD_5.csv", "Kraken_OHLCVT.zip!Kraken/XBTUSD_60.csv"])
        #expect(listing.passedOver == 1 && listing.passedOverNames == ["Kraken_OHLCVT.zip!__MACOSX/._XBTUSD_60.csv"])
        #expect(try read(listing.sources[0]) == text + text)
        #expect(listing.sources[1].bytes == Int64(text.count))
        #expect(try ArchiveDigest(of: listing.sources[1], format: KrakenArchive.format).sha256 == SHA256.hex(text))
    }

    @Test func aDigestTellsWhatAFileBrings() throws {
        let scratch = try Scratch()
        try scratch.write(text, "XBTUSD_60.csv")
        try scratch.write(try gzip(text), "XBTUSD_60.csv.gz")
        let digests = try scratch.folder().list().sources.map { try ArchiveDigest(of: $0, format: KrakenArchive.format) }
        #expect(digests.count == 2)
        #expect(digests[0] == digests[1])
        #expect(digests[0].sha256 == SHA256.hex(text))
        #expect(digests[0].bytes == Int64(text.count))
        let glance = digests[0].glance
        #expect(glance.lines == 4 && glance.rows == 3)
        #expect(glance.first == 1_594_818_000 && glance.last == 1_594_825_200)
    }

    @Test func aSourceHasTheNameThatTellsItsSeries() throws {
        let scratch = try Scratch()
        try scratch.write(text, "XDGUSD_60.csv")
        try scratch.write(try gzip(text), "2024/DOGEUSD_60.csv.gz")
        let sources = try scratch.folder().list().sources
        #expect(sources.map(\.name) == ["DOGEUSD_60.csv", "XDGUSD_60.csv"])
        #expect(Set(sources.map(\.series)).count == 1)
    }

    @Test func whatGrowsWaits() throws {
        let scratch = try Scratch()
        try scratch.write(text, "XBTUSD_60.csv")
        try scratch.write(text, "Kraken.zip")
        // Written a moment ago.
        let fresh = try scratch.folder(rest: 3_600_000_000_000).list()
        #expect(fresh.sources.isEmpty)
        #expect(fresh.refused.map(\.cause) == [.growing, .growing])
        // A day after now, by its time.
        func date(_ seconds: Double) throws {
            let time = [FileAttributeKey.modificationDate: Date(timeIntervalSinceNow: seconds)]
            try FileManager.default.setAttributes(time, ofItemAtPath: scratch.path + "/XBTUSD_60.csv")
        }
        try date(86_400)
        #expect(try scratch.folder(rest: 3_600_000_000_000).list().refused.map { "\($0)" } == [
            "Kraken.zip: still grows, or was written less than 2 s ago", "XBTUSD_60.csv: its time lies in the future (touch it)",
        ])
        try date(-60)
        // Between finding and opening.
        let found = try scratch.folder().list().sources[0]
        try scratch.append("1594828800,1,1,1,1,1,1\n", "XBTUSD_60.csv")
        #expect(throws: ArchiveError(path: "XBTUSD_60.csv", cause: .growing)) { try ArchiveText(found) }
        // While it is read.
        let text = try ArchiveText(try scratch.folder().list().sources[0])
        var piece = [UInt8](repeating: 0, count: 50)
        #expect(try text.read(into: &piece) == 50)
        try scratch.append("1594832400,1,1,1,1,1,1\n", "XBTUSD_60.csv")
        #expect(throws: ArchiveError(path: "XBTUSD_60.csv", cause: .growing)) { while try text.read(into: &piece) > 0 {} }
    }

    /// setfsuid(2): whose rights this thread alone has on files. What runs as root may list every folder else.
    @_silgen_name("setfsuid") private static func setFileUser(_ user: UInt32) -> Int32

    @Test func aFolderThatCannotBeListedKeepsNoOtherBack() throws {
        let scratch = try Scratch()
        for name in ["a/XBTUSD_60.csv", "closed/ETHUSD_60.csv", "z/XRPUSD_60.csv"] { try scratch.write(text, name) }
        #expect(chmod(scratch.path, 0o755) == 0 && chmod(scratch.path + "/closed", 0) == 0)
        let before = UInt32(bitPattern: Self.setFileUser(65_534))
        let listed = Result { try scratch.folder().list() }
        _ = Self.setFileUser(before)
        #expect(chmod(scratch.path + "/closed", 0o755) == 0)
        let listing = try listed.get()
        #expect(listing.sources.map(\.path) == ["a/XBTUSD_60.csv", "z/XRPUSD_60.csv"])
        #expect(listing.refused.map { "\($0)" } == ["closed: opendir: Permission denied"])
    }

    @Test func damageIsToldWithItsPath() throws {
        let scratch = try Scratch()
        try scratch.write(Array(try gzip(text).dropLast(3)), "XBTUSD_60.csv.gz")
        let source = try scratch.folder().list().sources[0]
        let expected = ArchiveError(path: "XBTUSD_60.csv.gz", cause: .damaged("the gzip data end early"))
        #expect(throws: expected) { try read(source) }
        #expect("\(expected)" == "XBTUSD_60.csv.gz: the gzip data end early")
        try FileManager.default.removeItem(atPath: scratch.path + "/XBTUSD_60.csv.gz")
        #expect(throws: ArchiveError.self) { try read(source) }
    }

    @Test func folderAndBoundsAreChecked() throws {
        let scratch = try Scratch()
        #expect(throws: ArchiveError.self) { try ArchiveFolder(path: scratch.path + "/none", format: KrakenArchive.format).list() }
        try scratch.write(text, "a/b/c/XBTUSD_60.csv")
        #expect(try scratch.folder(depth: 3).list().sources.count == 1)
        #expect(throws: ArchiveError(path: "a/b/c", cause: .tooMuch)) { try scratch.folder(depth: 2).list() }
        #expect(throws: ArchiveError.self) { try scratch.folder(entries: 3).list() }
    }

    @Test func theRecordedArchiveIsWhatItsProvenanceSays() throws {
        guard let root = ProcessInfo.processInfo.environment["GAPLESS_REAL_DATA"] else {
            print("SKIPPED: the recorded archive, since GAPLESS_REAL_DATA is not set")
            return
        }
        let folder = ArchiveFolder(path: root + "/kraken/archive", format: KrakenArchive.format)
        let listing = try folder.list()
        #expect(listing.refused.isEmpty)
        let told = try listing.sources.map { source -> String in
            let digest = try ArchiveDigest(of: source, format: KrakenArchive.format)
            let glance = digest.glance
            #expect(glance.lines == glance.rows)
            return "\(source.path) \(glance.rows) \(glance.first ?? 0) \(glance.last ?? 0) \(digest.sha256.prefix(16))"
        }
        #expect(told == [
            "ETHUSD_5.csv.gz 52943 1719792000 1735689300 21ea5c27336502ca", "FLRUSD_5.csv.gz 34009 1719792300 1735689300 61808d3936ff9e18",
            "HONEYUSD_5.csv.gz 16752 1720015200 1735689300 00a027544587f80c",
            "PEPEUSD_5.csv.gz 47723 1719792000 1735689300 c68512819854cd06", "STORJUSD_60.csv 1508 1594818000 1601506800 a71c8232db211b20",
            "XBTUSD_1440.csv 4182 1381017600 1743379200 159b38521c56bb25", "XBTUSD_60.csv.gz 50378 1381093200 1601506800 c66956ad9d6c82ed",
            "XBTUSD_720.csv 8294 1381060800 1743422400 0a1bcbb76143226b", "XRPUSD_5.csv.gz 52792 1719792000 1735689300 00a2b2e6e19adb36",
        ])
    }
}
