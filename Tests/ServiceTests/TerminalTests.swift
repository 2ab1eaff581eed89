import EventLoop
import Foundation
import Postgres
import Testing

/// The program on a terminal: what a person sees of it, and what their Ctrl-C does.
@Suite struct TerminalTests {
    /// The budget of one request: the job waits for the second one until it is let.
    private static let waiting = ["SIP_RATE_LIMIT": "1/PT1H"]
    private static let days = ["--start-date", "2025-12-08", "--end-date", "2025-12-09"]

    @Test(arguments: [80, 40] as [UInt16]) func ctrlCPausesAndTheCommandThatIsPrintedResumes(_ columns: UInt16) throws {
        let program = try ProgramUnderTest()
        defer { program.stop() }
        let terminal = try program.runInTerminal(["ingest", "cmg"] + Self.days, columns: columns, extra: Self.waiting)
        try terminal.wait { $0.contains("Go on? [y/N] ") }
        terminal.type("y\n")
        try terminal.wait { $0.contains("ETA") }
        terminal.type("\u{3}")
        #expect(try terminal.end() == 130)
        let bars = terminal.drawings.filter { $0.contains("slots") && $0.contains("ETA") }
        #expect(!bars.isEmpty && bars.allSatisfy { $0.count < columns }, "\(bars)")
        let rows = terminal.drawings
        #expect(rows.contains("gapless: the job is paused"), "\(terminal.text)")
        let id = try #require(rows.last?.split(separator: " ").last.map(String.init))
        // Before it was begun, and when it was paused.
        #expect(rows.last == "to resume it: gapless ingest --resume \(id)" && rows.count { $0 == rows.last } == 2, "\(terminal.text)")
        #expect(try program.run("jobs", "list", "--status", "paused").lines.count == 2)

        let resumed = try program.run("ingest", "--resume", id)
        #expect(resumed.code == 0 && resumed.lines.last?.hasPrefix("completed: 96 slots filled") == true, "\(resumed)")
    }

    @Test func noEscapesAreSentWhereNobodyWantsThem() throws {
        let program = try ProgramUnderTest()
        defer { program.stop() }
        for (extra, redraws) in [(["NO_COLOR": "1"], true), (["TERM": "dumb"], false)] {
            let terminal = try program.runInTerminal(
                ["ingest", "cmg", "--yes", "--refresh"] + Self.days, extra: extra)
            #expect(try terminal.end() == 0)
            #expect(!terminal.text.contains("\u{1B}"), "\(terminal.text)")
            #expect(terminal.text.replacing("\r\n", with: "\n").contains("\r") == redraws, "\(terminal.text)")
        }
    }

    @Test func noIsNo() throws {
        let program = try ProgramUnderTest()
        defer { program.stop() }
        let terminal = try program.runInTerminal(["ingest", "cmg"] + Self.days)
        try terminal.wait { $0.contains("Go on? [y/N] ") }
        terminal.type("n\n")
        #expect(try terminal.end() == 130)
        let again = try program.runInTerminal(["ingest", "cmg"] + Self.days)
        try again.wait { $0.contains("Go on? [y/N] ") }
        again.type("\u{3}")
        #expect(try again.end() == 130)
        #expect(try program.run("jobs").output == "no jobs\n")
    }

    /// The pause waits for a lock that somebody holds: a person need not.
    @Test func theSecondCtrlCEndsAtOnce() throws {
        let program = try ProgramUnderTest()
        defer { program.stop() }
        let terminal = try program.runInTerminal(["ingest", "cmg", "--yes"] + Self.days, extra: Self.waiting)
        try terminal.wait { $0.contains("ETA") }
        let loop = try Loop(name: "lock")
        defer { loop.stop() }
        let configuration = try PostgresConfiguration(program.database)
        let connection = try loop.runBlocking { loop in
            let connection = try await PostgresConnection.connect(configuration, on: loop)
            _ = try await connection.script("begin; lock table ingestions in access exclusive mode")
            return loop.keep(connection)
        }
        terminal.type("\u{3}")
        try terminal.wait { $0.contains("Ctrl-C again ends at once") }
        terminal.type("\u{3}")
        #expect(try terminal.end() == 130)
        #expect(!terminal.text.contains("the job is paused"))
        try loop.runBlocking { loop in loop[connection].close() }
    }

    @Test func watchingLeavesTheJobAlone() throws {
        let program = try ProgramUnderTest()
        defer { program.stop() }
        let first = try program.runInTerminal(["ingest", "cmg", "--yes"] + Self.days, extra: Self.waiting)
        try first.wait { $0.contains("ETA") }
        let id = try #require(first.text.split(separator: "--resume ").last.map { String($0.prefix(36)) })
        let watching = try program.runInTerminal(["jobs", "watch", id])
        try watching.wait { $0.contains("ETA") }
        watching.type("\u{3}")
        #expect(try watching.end() == 130)
        #expect(watching.text.contains("the job goes on; to watch it: gapless jobs watch \(id)"))
        #expect(try program.run("jobs", "show", id).output.contains("running"))
        // Paused by somebody else, the one who works it is told.
        #expect(try program.run("jobs", "pause", id).code == 0)
        #expect(try first.end() == 130)
        #expect(first.text.contains("paused elsewhere\r\nto resume it: gapless ingest --resume \(id)"), "\(first.text)")
        let cancelled = try program.run("jobs", "cancel", id)
        #expect(cancelled.code == 0 && cancelled.output.contains("cancelled"), "\(cancelled)")
    }
}
