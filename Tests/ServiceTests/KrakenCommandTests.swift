import EventLoop
import Foundation
import Postgres
import Testing
import TestSupport

/// What the command line says of a dataset with several ways, as a process.
@Suite struct KrakenCommandTests {
    /// A day six years before the shown clock, of which the first four hours are in a file: 1000 trades each.
    private static let day = ["--pair", "HONEYUSD", "--start-date", "2019-01-01", "--end-date", "2019-01-01"]

    private static func archive() throws -> String {
        let directory = try TestServers.ownDirectory()
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let lines = (0..<4).map { "\(1_546_300_800 + $0 * 3600),1.0,1.2,0.9,1.1,10.5,1000\n" }
        let path = "\(directory)/HONEYUSD_60.csv"
        try lines.joined().write(toFile: path, atomically: false, encoding: .utf8)
        // One that was written just now is left alone.
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -60)], ofItemAtPath: path)
        return directory
    }

    private func object(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)")
    }

    @Test func aPlanSaysByWhichWaysAndAJobWhatIsLeft() throws {
        let archive = try Self.archive()
        let program = try ProgramUnderTest(extra: ["KRAKEN_INTERVALS": "60", "KRAKEN_ARCHIVE_DIR": archive])
        defer { program.stop() }
        let plan = try program.run(["plan", "kraken"] + Self.day)
        #expect(plan.code == 0)
        let told = Array(plan.lines.drop { !$0.hasPrefix("1 gap,") })
        #expect(told.first == "1 gap, 24 slots; 1 call, 0 requests (lower bound 0, proven)")
        #expect(told.contains { $0.split(separator: " ") == ["archive", "1", "4", "1", "4", "0"] }, "\(plan)")
        #expect(told.contains { $0.split(separator: " ") == ["archive", "HONEYUSD_60.csv", "2019-01-01", "2019-01-01T04:00Z", "4", "0"] })
        #expect(told.last == "warning: no way that is allowed reaches 20 of the selected slots: 20 need a file of the archive")
        #expect(!plan.output.contains("days"))

        let list = "\(archive)-list.csv"
        let ended = try program.run(["ingest", "kraken", "--yes", "--download-list", list] + Self.day)
        #expect(ended.code == 3, "\(ended)")
        #expect(ended.lines.contains("to fetch by hand and import: 20 slots lie in"))
        #expect(ended.lines.contains { $0.split(separator: " ") == ["Kraken_OHLCVT.zip", "HONEYUSD_60.csv", "20"] })
        #expect(try String(contentsOfFile: list, encoding: .utf8).components(separatedBy: "\r\n") == [
            "file,member,pair,interval,from,to,slots",
            "Kraken_OHLCVT.zip,HONEYUSD_60.csv,HONEYUSD,60,2019-01-01T04:00:00Z,2019-01-02T00:00:00Z,20", "",
        ])
        let gaps = try program.run(["gaps", "kraken"] + Self.day)
        #expect(gaps.code == 0 && gaps.lines.suffix(3).map { String($0.prefix(8)) } == ["to fetch", "file    ", "Kraken_O"])
        #expect(gaps.lines.contains("1 hole, 20 slots"), "\(gaps)")
        // Files are of what is missing.
        for states in ["excluded", "absent,excluded"] {
            #expect(try program.run(["gaps", "kraken", "--state", states] + Self.day).lines.last == "no holes")
        }
        let both = try program.run(["gaps", "kraken", "--state", "absent,missing"] + Self.day)
        #expect(both.lines.contains("to fetch by hand and import: 20 slots lie in"))
        // The same estimate whoever is asked: 20 hours of 1000 trades each.
        let listed = try object(try program.run(["gaps", "kraken", "--json"] + Self.day).output)
        let gap = try #require((listed["data"] as? [[String: Any]])?.first)
        let filling = try #require((gap["fill"] as? [[String: Any]])?.first)
        let priced = try object(try program.run(["plan", "kraken", "--trades", "--json"] + Self.day).output)
        #expect(filling["requests"] as? Int == 21 && priced["requests"] as? Int == 21)
        #expect((priced["ways"] as? [[String: Any]])?.map { $0["way"] as? String } == ["trades"])
    }

    /// Nothing is expected of a name that nothing bears, which must not read as a series that is whole.
    @Test func whatIsNotThereIsNoReport() throws {
        let program = try ProgramUnderTest(extra: ["KRAKEN_PAIRS": "XBTUSD", "KRAKEN_INTERVALS": "60"])
        defer { program.stop() }
        for (options, told) in [
            (["--pair", "XBTEUSD"], "--pair: XBTEUSD has no series here"),
            (["--pair", "XBTUSD,HONEYUSD"], "--pair: HONEYUSD has no series here"),
            (["--tier", "TIER2"], "--tier: TIER2 has no series here"), (["--interval", "1440"], "--interval: 1440 has no series here"),
            (["--interval", "61"], "--interval: 61 is not a value of interval; there are 1, 5, 15, 30, 60, 240, 720, 1440, 10080, 21600"),
            (["--tier", "TIER9"], "--tier: TIER9 is not a value of tier; there are TIER1, TIER2, TIER3, TIER4"),
        ] {
            for command in [["report", "kraken"], ["report", "kraken", "--json"], ["gaps", "kraken"]] {
                let ended = try program.run(command + options)
                let code: Int32 = told.hasSuffix("has no series here") ? 1 : 2
                #expect(ended.code == code && ended.output.isEmpty && ended.errors.contains(told), "\(command) \(options): \(ended)")
            }
        }
        let all = try program.run("report", "kraken", "--pair", "BTC/USD", "--tier", "TIER1")
        #expect(all.code == 3 && all.lines.last?.hasPrefix("all") == true)
    }

    @Test func whatIsOlderThanTheHorizonIsInSight() throws {
        let program = try ProgramUnderTest(extra: ["KRAKEN_INTERVALS": "60", "KRAKEN_ARCHIVE_DIR": try Self.archive()])
        defer { program.stop() }
        _ = try program.run(["ingest", "kraken", "--yes", "--no-api-backfill"] + Self.day)
        let report = try object(try program.run("report", "kraken", "--json").output)
        // From the first candle to the clock's hour, 2025-12-15T15:00Z.
        #expect(report["present"] as? Int == 4 && report["expected"] as? Int == (1_765_810_800 - 1_546_300_800) / 3600)
        let gaps = try object(try program.run("gaps", "kraken", "--json", "--state", "missing").output)
        #expect((gaps["data"] as? [[String: Any]])?.map { $0["from"] as? String } == ["2019-01-01T04:00:00Z"])
        let plan = try object(try program.run("plan", "kraken", "--no-api-backfill", "--json").output)
        #expect((plan["selection"] as? [String: Any])?["from"] as? String == "2019-01-01T00:00:00Z")
    }

    /// Ctrl-C pressed twice ends an import as a kill does: its job stays open, with a task that nobody works.
    @Test func anImportThatWasCutOffIsGoneOnWith() throws {
        let archive = try Self.archive()
        let program = try ProgramUnderTest(extra: ["KRAKEN_INTERVALS": "60"])
        defer { program.stop() }
        #expect(try program.run("import", "kraken", archive, "--dry-run").code == 0)
        let loop = try Loop(name: "lock")
        defer { loop.stop() }
        let configuration = try PostgresConfiguration(program.database)
        // What reads the file waits for this one to write its rows.
        let connection = try loop.runBlocking { loop in
            let connection = try await PostgresConnection.connect(configuration, on: loop)
            _ = try await connection.script("begin; lock table kraken_candles in share mode")
            return loop.keep(connection)
        }
        let terminal = try program.runInTerminal(["import", "kraken", archive])
        let limit = Deadline.after(.seconds(120))
        func isUnderWay() throws -> Bool {
            try loop.runBlocking { loop in
                try await loop[connection].query("select exists (select from tasks where status = 'running')").only().bool(0)
            }
        }
        while try !isUnderWay() { try #require(Deadline.now < limit, "no task of it runs: \(terminal.text)") }
        terminal.type("\u{3}")
        try terminal.wait { $0.contains("Ctrl-C again ends at once") }
        terminal.type("\u{3}")
        #expect(try terminal.end() == 130)
        try loop.runBlocking { loop in loop[connection].close() }

        let job = try #require(try self.jobs(program).first)
        #expect(job["status"] as? String == "running")
        let again = try program.run("import", "kraken", archive)
        let id = try #require(job["id"] as? String)
        #expect(again.code == 0 && again.lines.first == "going on with job \(id)", "\(again)")
        #expect(again.lines.contains { $0.hasPrefix("HONEYUSD_60.csv") && $0.hasSuffix("imported") }, "\(again)")
        #expect(try self.jobs(program).map { $0["status"] as? String } == ["completed"])
        // Of one whose files are all in the end is still to come.
        try loop.runBlocking { loop in
            let connection = try await PostgresConnection.connect(configuration, on: loop)
            _ = try await connection.script("update ingestions set status = 'paused', finished_at = null")
            connection.close()
        }
        let ended = try object(try program.run("import", "kraken", archive, "--json").output)
        #expect(ended["ingestion"] as? String == id && ended["files"] as? Int == 1)
        #expect(try self.jobs(program).map { $0["status"] as? String } == ["completed"])
        // And where nothing is left nothing is done.
        let known = try program.run("import", "kraken", archive)
        #expect(known.code == 0 && known.lines == ["1 files of kraken, 1 of them known already, 0 of nobody's"], "\(known)")
    }

    @Test func anImportNamesWhatItPassesOverAndRefuses() throws {
        let archive = try Self.archive()
        func write(_ name: String, at time: Date) throws {
            let path = "\(archive)/\(name)"
            try "\n".write(toFile: path, atomically: false, encoding: .utf8)
            try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: path)
        }
        let past = Date(timeIntervalSinceNow: -60)
        for number in 1...7 { try write("note-\(number).txt", at: past) }
        try write("XBTUSD_60.csv", at: past)
        let program = try ProgramUnderTest(extra: ["KRAKEN_INTERVALS": "60"])
        defer { program.stop() }
        let ended = try program.run("import", "kraken", archive)
        #expect(ended.code == 3)
        let names = (1...5).map { "note-\($0).txt" }.joined(separator: ", ")
        #expect(ended.lines.contains("1 files of kraken, 0 of them known already, 7 of nobody's (\(names), ...), 1 not read"), "\(ended)")
        #expect(ended.lines.contains("not read: XBTUSD_60.csv: no row in it"), "\(ended)")
        let json = try object(try program.run("import", "kraken", archive, "--json").output)
        #expect(json["passed_over"] as? Int == 7 && json["refused"] as? [String] == ["XBTUSD_60.csv: no row in it"])
        #expect(json["passed_over_names"] as? [String] == (1...7).map { "note-\($0).txt" })
    }

    @Test func aFolderThatIsNoneIsToldByTheNameThatItWasGivenBy() throws {
        let archive = try Self.archive()
        let program = try ProgramUnderTest(extra: ["KRAKEN_INTERVALS": "60"])
        defer { program.stop() }
        let file = "\(archive)/HONEYUSD_60.csv"
        let expected = "expected a folder with archive files; "
        let imported = try program.run("import", "kraken", file)
        #expect(imported.code == 2 && imported.errorLines == [
            "gapless: directory: \(expected)\(file) cannot be listed: Not a directory",
        ])
        let planned = try program.run("plan", "kraken", "--csv-source-dir", "/nope")
        #expect(planned.code == 2 && planned.errorLines == [
            "gapless: --csv-source-dir: \(expected)/nope cannot be listed: No such file or directory",
        ])
    }

    private func jobs(_ program: ProgramUnderTest) throws -> [[String: Any]] {
        let text = try program.run("jobs", "--json").output
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]], "\(text)")
    }

    @Test func nothingToDoIsSaidAndFilesNoJob() throws {
        let program = try ProgramUnderTest(extra: ["KRAKEN_INTERVALS": "60", "KRAKEN_ARCHIVE_DIR": try Self.archive()])
        defer { program.stop() }
        let days = ["--start-date", "2025-12-09", "--end-date", "2025-12-09"]
        #expect(try program.run(["ingest", "cmg", "--yes"] + days).code == 0)
        let again = try program.run(["ingest", "cmg"] + days)
        #expect(again.code == 0 && again.lines == ["nothing to do: nothing is missing in the selection"])
        let json = try object(try program.run(["ingest", "cmg", "--json"] + days).output)
        #expect(json["calls"] as? Int == 0 && json["slots"] as? Int == 0)
        // Something is missing, and no way is allowed that would fill it.
        _ = try program.run(["ingest", "kraken", "--yes", "--no-api-backfill"] + Self.day)
        let left = try program.run(["ingest", "kraken", "--no-api-backfill"] + Self.day)
        #expect(left.code == 3 && left.lines.first == "nothing to do: no fillable gap in the selection", "\(left)")
        #expect(left.lines.contains("to fetch by hand and import: 20 slots lie in"))
        #expect(try program.run("jobs").lines.count == 3, "the header and two jobs")
    }
}
