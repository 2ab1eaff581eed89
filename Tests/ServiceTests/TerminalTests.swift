import Foundation
import Testing

/// The program on a terminal: what a person sees of it, and what their Ctrl-C does.
@Suite struct TerminalTests {
    private static let days = ["--start-date", "2025-12-08", "--end-date", "2025-12-09"]

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
}
