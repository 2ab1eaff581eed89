@testable import Command
import Foundation
import Testing
import TestSupport

/// The program piped: what a script sees of it.
@Suite struct CommandLineTests {
    private static let days = ["--start-date", "2025-12-08", "--end-date", "2025-12-09"]

    private func object(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)")
    }

    @Test func aSelectionIsFilledAndThenToldOfByEveryCommand() throws {
        let program = try ProgramUnderTest()
        defer { program.stop() }
        let before = try program.run("report", "cmg", "--start-date", "2025-12-08", "--end-date", "2025-12-09")
        #expect(before.code == 3, "\(before)")
        let ingest = try program.run("ingest", "cmg", "--yes", "--start-date", "2025-12-08", "--end-date", "2025-12-09")
        #expect(ingest.code == 0 && ingest.errors == "", "\(ingest)")
        #expect(!ingest.output.contains("\u{1B}") && !ingest.output.contains("\r"))
        let begun = try #require(ingest.lines.firstIndex { $0.hasPrefix("job ") }, "\(ingest)")
        let id = try #require(ingest.lines[begun].split(separator: " ").dropFirst().first.map(String.init))
        #expect(ingest.lines[begun + 1] == "to resume it: gapless ingest --resume \(id)")
        #expect(ingest.lines.last?.hasPrefix("completed: 96 slots filled, 384 rows written") == true, "\(ingest)")
        #expect(begun < ingest.lines.count - 1, "how to resume it is said before anything else of it")

        #expect(try program.run("report", "cmg", "--start-date", "2025-12-08", "--end-date", "2025-12-09").code == 0)
        let jobs = try program.run("jobs")
        #expect(jobs.code == 0 && jobs.lines.count == 2 && jobs.lines[1].hasPrefix("\(id)  completed  cmg"), "\(jobs)")
        let list = try program.run("jobs", "list", "--json", "--status", "completed")
        let listed = try #require(try JSONSerialization.jsonObject(with: Data(list.output.utf8)) as? [[String: Any]])
        #expect(listed.map { $0["id"] as? String } == [id])
        let show = try object(program.run("jobs", "show", id, "--json").output)
        #expect(show["status"] as? String == "completed" && show["requested_by"] as? String == "cli")
        // Over already: nothing is fetched, and it is said to be so.
        #expect(try program.run("ingest", "--resume", id).code == 0)
        #expect(try program.run("jobs", "watch", id, "--json").code == 0)
        let gone = try program.run("jobs", "pause", id)
        #expect(gone.code == 1 && gone.errorLines.count == 1 && gone.output == "", "\(gone)")

        let datasets = try program.run("datasets", "--json")
        let told = try #require(try JSONSerialization.jsonObject(with: Data(datasets.output.utf8)) as? [[String: Any]])
        #expect(told.map { $0["name"] as? String } == ["cmg", "kraken", "accounts", "equities", "keepa"])
        #expect(try program.run("datasets").lines.count == 6)
    }

    @Test func holesAreListedWorstFirstInEveryForm() throws {
        let program = try ProgramUnderTest()
        defer { program.stop() }
        let day = ["--start-date", "2025-12-09", "--end-date", "2025-12-09", "--node", "CHILOE________220"]
        #expect(try program.run(["ingest", "cmg", "--yes"] + day).code == 0)
        let days = ["--start-date", "2025-12-08", "--end-date", "2025-12-10"]
        func gaps(_ more: String...) throws -> ProgramUnderTest.Ended {
            try program.run(["gaps", "cmg"] + days + more)
        }
        let table = try gaps()
        #expect(table.code == 0)
        #expect(table.lines == [
            "series                    from                    to                      slots  state    reason",
            "DALCAHUE______110/online  2025-12-08T00:00-03:00  2025-12-11T00:00-03:00     72  missing  missing",
            "CHILOE________220/online  2025-12-08T00:00-03:00  2025-12-09T00:00-03:00     24  missing  missing",
            "CHILOE________220/online  2025-12-10T00:00-03:00  2025-12-11T00:00-03:00     24  missing  missing",
            "3 holes, 120 slots",
        ])
        let one = try gaps("--limit", "1")
        #expect(one.lines.count == 3 && one.lines[2] == "3 holes, 120 slots; 2 more are not shown (--limit)")
        let data = try #require(try object(gaps("--json").output)["data"] as? [[String: Any]])
        #expect(data.map { ($0["slots"] as? NSNumber)?.intValue } == [72, 24, 24])
        let csv = try gaps("--csv", "--node", "CHILOE________220", "--state", "missing,absent")
        #expect(csv.output.components(separatedBy: "\r\n").prefix(2) == [
            "node,source,from,to,slots,state,reason,since,asked,next_ask,exclusion,action",
            "CHILOE________220,online,2025-12-08T00:00:00-03:00,2025-12-09T00:00:00-03:00,24,missing,missing,,,,,",
        ])
        #expect(try gaps("--state", "absent").lines.last == "no holes")
    }

    @Test func machinesGetOneObjectAndProgressBesideIt() throws {
        let program = try ProgramUnderTest()
        defer { program.stop() }
        let ended = try program.run(["ingest", "cmg", "--yes", "--json"] + Self.days)
        #expect(ended.code == 0)
        let job = try object(ended.output)
        #expect(job["status"] as? String == "completed" && count(job["gaps"], "filled") == 96)
        let events = try ended.errorLines.map(object)
        #expect(events.first?["event"] as? String == "begun")
        #expect(events.first?["resume"] as? String == "gapless ingest --resume \(job["id"] as? String ?? "")")
        #expect(events.dropFirst().allSatisfy { $0["event"] as? String == "progress" && count($0["requests"], "total") != nil })
        let plan = try object(try program.run("ingest", "cmg", "--dry-run", "--json").output)
        #expect(plan["calls"] is NSNumber)
        let report = try object(try program.run(["report", "cmg", "--json"] + Self.days).output)
        #expect(report["missing"] as? Int == 0)
    }

    /// Each with the exit code and a word that its one line must hold.
    @Test(arguments: [
        (["ingest", "cmgg"], 2, "there is no dataset cmgg; there are: cmg"), (["report"], 2, "dataset: is missing: name one of cmg"),
        (["ingest", "cmg", "--node", "NOWHERE"], 2, "--node: NOWHERE is not followed here"),
        (["gaps", "cmg", "--start-date", "8.12.2025"], 2, "--start-date: expected a date such as 2025-12-01"),
        (["gaps", "cmg", "--start-date", "1925-12-08"], 2, "--start-date: expected a date from the year 2000"),
        (["plan", "cmg", "--start-date", "2025-12-09", "--end-date", "2025-12-08"], 2, "--end-date: must not be before"),
        (["plan", "cmg", "--nodde", "A"], 2, "--nodde"), (["frobnicate"], 2, "frobnicate"),
        (["gaps", "cmg", "--state", "lost"], 2, "--state: expected"), (["gaps", "cmg", "--json", "--csv"], 2, "--csv"),
        (["jobs", "show", "17"], 2, "there is no job 17"), (["ingest", "--resume", "17"], 2, "--resume: there is no job 17"),
        (["ingest", "cmg", "--resume", "17"], 2, "--resume"), (["ingest", "cmg", "--max-requests", "0"], 2, "--max-requests"),
        (["ingest", "cmg"], 2, "--yes: standard input is no terminal"), (["jobs", "--status", "lost"], 2, "--status"),
        (["completion", "tcsh"], 2, "tcsh"), (["report", "cmg", "--config", "/nowhere"], 2, "/nowhere"),
    ])
    func whatIsWrongIsToldInOneLine(_ arguments: [String], _ code: Int32, _ words: String) throws {
        let program = try ProgramUnderTest()
        defer { program.stop() }
        let ended = try program.run(arguments)
        #expect(ended.code == code && ended.errorLines.count == 1, "\(ended)")
        #expect(ended.errors.hasPrefix("gapless: ") && ended.errors.contains(words), "\(ended)")
    }

    @Test func aStoreThatIsAwayAndAMissingKeyAreNamed() throws {
        let program = try ProgramUnderTest()
        defer { program.stop() }
        let away = try program.run("report", "cmg", extra: ["DATABASE_URL": "host=/nowhere dbname=gapless"])
        #expect(away.code == 1 && away.errorLines.count == 1 && away.errors.hasPrefix("gapless: Postgres cannot be reached: "), "\(away)")
        let keyless = try program.run("ingest", "cmg", "--yes", extra: ["SIP_API_KEY": ""])
        #expect(keyless.code == 2 && keyless.errors.hasPrefix("gapless: SIP_API_KEY: is required"), "\(keyless)")
        let other = try program.run("report", "cmg", extra: ["SIP_BASE_URL": "http://127.0.0.1:9"])
        #expect(other.code == 0 || other.code == 3 || other.errors.contains("127.0.0.1:9"), "\(other)")
    }

    @Test func shellsTakeTheCompletionScript() throws {
        let program = try ProgramUnderTest()
        defer { program.stop() }
        for shell in ["bash", "zsh", "fish"] {
            let script = try program.run("completion", shell)
            #expect(script.code == 0 && script.output.contains("ingest") && script.output.contains("resume"), "\(shell)")
        }
        let checked = Process()
        checked.executableURL = URL(fileURLWithPath: "/bin/bash")
        checked.arguments = ["-c", "source <(\"$0\" completion bash) && complete -p gapless", try ProgramUnderTest.path()]
        let output = Pipe()
        checked.standardOutput = output
        try checked.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        checked.waitUntilExit()
        #expect(checked.terminationStatus == 0 && text.contains("gapless"), "\(text)")
        #expect(try program.run("--version").output == "\(Version.number)\n")
    }
}
