import Bytes
import Datasets
import EventLoop
import Foundation
import Ingest
import Postgres
import Series
@testable import Store
import Testing
import TestSupport
import Upstream

/// Files of Kraken's archive from the folder into the store, by the worker that reads them, where no upstream can be asked.
@Suite struct ArchiveImportTests {
    /// An hour of 2023, and one at which the clock stands still.
    private static let first: Int64 = 1_700_002_800
    private static let now = first + 20 * 3600 + 1800

    private static func line(_ hour: Int, _ close: Int) -> String { "\(first + Int64(hour) * 3600),10,99,9,\(close),3.5,7" }

    private final class Folder {
        let path = FileManager.default.temporaryDirectory.appending(path: "import-\(UInt64.random(in: 0 ... .max))").path

        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func write(_ lines: [String], _ name: String) throws {
            let file = URL(filePath: path).appending(path: name)
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: file)
            // One that was written a moment ago is waited for.
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1_600_000_000)], ofItemAtPath: file.path)
        }
    }

    private struct Bench {
        let loop: Loop
        let store: Store
        let dataset: Dataset
        let planning: Planning
        let clock: ServiceClock
        let folder: Folder

        static func with(_ body: @escaping @Sendable (isolated Loop, Bench) async throws -> Void) async throws {
            try await TestServers.withDatabase("archive import") { connection in
                _ = try await Store.migrate(connection, datasets: [ArchiveImportTests.dataset()])
            } _: { loop, pool in
                let store = Store(pool: pool)
                let dataset = ArchiveImportTests.dataset()
                let clock = ServiceClock(Store.StoredClock(realAt: 0, shownAt: ArchiveImportTests.now, speed: 1e-9))
                let planning = Planning(store: store, datasets: [dataset], clock: clock, rates: [:])
                try await body(
                    loop,
                    Bench(loop: loop, store: store, dataset: dataset, planning: planning, clock: clock, folder: try Folder()))
            }
        }

        func look() async throws -> ShelfFindings {
            let reading = try Loop(name: "archive import files")
            defer { reading.stop() }
            return try await ArchiveShelf(store: store, clock: clock, reading: reading).look(through: folder.path, for: dataset)
        }

        /// Files an import of what waits, and works until it has ended.
        func importing(_ found: ShelfFindings, on loop: isolated Loop) async throws -> [TaskRecord] {
            let filed = try #require(try await planning.import(found.waiting, of: dataset, for: Planning.Requester("test")))
            let fetcher = try Fetcher(on: loop, settings: Fetcher.Settings())
            let decoding = try Loop(name: "archive import decoding")
            defer { decoding.stop() }
            var settings = Worker.Settings()
            settings.retry = RetryPolicy(maxAttempts: 1, baseSeconds: 0.01, capSeconds: 0.01)
            let worker = Worker(
                loop: loop, decoding: decoding, store: store, datasets: [dataset], access: [:], fetcher: fetcher, clock: clock,
                settings: settings, files: Importing(store: store, decoding: decoding), observe: { _ in })
            let token = loop.keep(worker)
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await token.loop.enter { loop in await loop[token].run(as: token) } }
                defer { worker.stop() }
                let deadline = Deadline.after(.seconds(120))
                while try await store.ingestion(id: filed.id)?.status.isOver != true {
                    try #require(Deadline.now < deadline, "it takes too long")
                }
            }
            fetcher.close()
            return try await store.tasks(of: filed.id, after: -1, limit: 100)
        }

        /// What closed each hour that is held.
        func closes() async throws -> [Int: String] {
            let rows = try await store.pool.query("select time, close::text from kraken_candles order by time")
            return Dictionary(uniqueKeysWithValues: try rows.map { (Int(try $0.instant(0) - first) / 3600, try $0.string(1)) })
        }
    }

    private static func dataset() -> Dataset {
        kraken(zone: .utc, following: Kraken.Following(intervals: ["60"]), rate: RequestRate(count: 1, seconds: 1))
    }

    private static func model(_ editions: [ClosedRange<Int>: Int]) -> [Int: String] {
        var model: [Int: String] = [:]
        for (hours, close) in editions.sorted(by: { $0.key.upperBound < $1.key.upperBound }) {
            for hour in hours { model[hour] = "\(close)" }
        }
        return model
    }

    /// Two names of one pair, and editions that overlap: at once, or the later one before the other.
    @Test(arguments: [["a", "b"], ["b", "a"], ["ab"]])
    func theLaterEditionHoldsHoweverTheFilesCame(_ order: [String]) async throws {
        try await Bench.with { loop, bench in
            let told: [Character: (name: String, hours: ClosedRange<Int>, close: Int)] = [
                "a": ("old/XDGUSD_60.csv", 0...9, 10), "b": ("DOGEUSD_60.csv", 4...12, 20),
            ]
            var read: [String] = []
            for step in order {
                for letter in step {
                    let (name, hours, close) = told[letter]!
                    try bench.folder.write(hours.map { Self.line($0, close) }, name)
                }
                let found = try await bench.look()
                #expect(found.new == step.count && found.waiting.count == step.count)
                let tasks = try await bench.importing(found, on: loop)
                let files = try await bench.store.archiveFiles(of: "kraken", limit: 9)
                for task in tasks where task.call.shape == "archive" {
                    #expect(task.status == "done")
                    let file = try #require(files.first { $0.task == task.id })
                    read.append(file.paths[0].hasSuffix("XDGUSD_60.csv") ? "a" : "b")
                }
            }
            // Where both wait, the earlier edition is read first.
            #expect(read == (order == ["b", "a"] ? ["b", "a"] : ["a", "b"]))
            #expect(try await bench.closes() == Self.model([0...9: 10, 4...12: 20]))
            #expect(try await bench.look().namesakes == [["DOGEUSD_60.csv", "XDGUSD_60.csv"]])
            // The same content under a third name is known.
            try bench.folder.write((4...12).map { Self.line($0, 20) }, "again/DOGEUSD_60.csv")
            #expect(try await bench.look().waiting.isEmpty)
        }
    }

    @Test func aCandleInProgressIsRefusedWithItsLine() async throws {
        try await Bench.with { loop, bench in
            try bench.folder.write((0...20).map { Self.line($0, 10) }, "XBTUSD_60.csv")
            _ = try await bench.importing(try await bench.look(), on: loop)
            #expect(try await bench.closes() == Self.model([0...19: 10]))
            let refused = try await bench.store.pool.query("select reason, place, record from quarantine")
            #expect(try refused.map { [try $0.string(0), try $0.string(1), try $0.string(2)] } == [
                ["has not ended", "line 21", Self.line(20, 10)],
            ])
            let file = try #require(try await bench.store.archiveFiles(of: "kraken", limit: 9).first)
            #expect(file.times?.upperBound == Self.first + 19 * 3600 && file.rows == 20 && file.quarantined == 1)
        }
    }

    @Test func aFileWithoutACandleIsRefusedAndOfNoSeries() async throws {
        try await Bench.with { _, bench in
            try bench.folder.write([], "XBTUSD_60.csv")
            try bench.folder.write(["timestamp,open,high,low,close,volume,trades", ";;;;", ";"], "ETHUSD_60.csv")
            try bench.folder.write(["PK\u{3}\u{4}\u{0}\u{FFFD}\u{1}", "\u{7F}ELF"], "2024/XRPUSD_60.csv")
            let found = try await bench.look()
            #expect(found.refused == ["2024/XRPUSD_60.csv", "ETHUSD_60.csv", "XBTUSD_60.csv"].map { "\($0): no row in it" })
            #expect(found.files == 0 && found.new == 0 && found.waiting.isEmpty && found.contents.isEmpty)
            #expect(try await bench.store.ledgers(of: "kraken").isEmpty)
            #expect(try await bench.look() == found)
            // One that has been filled since is read.
            try bench.folder.write([Self.line(0, 10)], "XBTUSD_60.csv")
            let filled = try await bench.look()
            #expect(filled.new == 1 && filled.waiting.count == 1 && filled.refused.count == 2)
            #expect(try await bench.store.ledgers(of: "kraken").map(\.key.description) == ["XBTUSD/60"])
        }
    }

    @Test func aFileThatNobodySeesFailsInTheEnd() async throws {
        try await Bench.with { loop, bench in
            try bench.folder.write([Self.line(0, 10)], "XBTUSD_60.csv")
            let found = try await bench.look()
            try FileManager.default.removeItem(atPath: bench.folder.path + "/XBTUSD_60.csv")
            let task = try #require(try await bench.importing(found, on: loop).first)
            #expect(task.status == "failed" && task.attempts == 8)
            #expect(task.error?.hasSuffix("XBTUSD_60.csv; nor could any worker that took it in 8 tries") == true)
            #expect(try await bench.closes().isEmpty)
        }
    }
}
