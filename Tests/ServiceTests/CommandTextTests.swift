@testable import Command
import EventLoop
import Foundation
import Testing

/// What commands show, without a process: tables and bars of every width.
@Suite struct CommandTextTests {
    private func table() -> TextTable {
        var table = TextTable([
            .init(title: "series"), .init(title: "from", spare: 2), .init(title: "slots", side: .right),
            .init(title: "reason", spare: 1, isElastic: true),
        ])
        table.add(["CHILOE________220/online", "2025-12-08T05:00-03:00", "12", "missing"])
        table.add(["奇洛埃島/real", "2025-12-08T05:00-03:00", "3", "the operator says that it has no such day, and never had"])
        return table
    }

    @Test func aTableOfAnyWidthHasNoWiderLineAndSaysWhatMattersAlways() {
        for width in 34...200 {
            let lines = table().lines(width: width)
            #expect(lines.allSatisfy { ShownText.columns($0) <= width }, "\(width): \(lines)")
            #expect(lines.contains { $0.contains("CHILOE________220/online") && $0.contains("12") }, "\(width): \(lines)")
        }
        // Narrower than what must be shown: lines of their own.
        let records = table().lines(width: 30)
        #expect(records.contains("series  CHILOE________220/online") && records.contains("slots   12"))
    }

    @Test func wideLettersArePaddedByTheColumnsTheyTake() {
        #expect(ShownText.columns("奇洛埃島/real") == 13)
        #expect(ShownText.columns("e\u{301}") == 1)
        let lines = table().lines(width: nil)
        #expect(lines[1].hasPrefix("CHILOE________220/online  2025"))
        #expect(lines[2].hasPrefix("奇洛埃島/real" + String(repeating: " ", count: 24 - 13) + "  2025"))
    }

    @Test func aStrangersTextIsNoCommandToTheTerminal() {
        #expect(ShownText.safe("a\u{1B}[2Jb\nc\u{202E}d") == "a?[2Jb?c?d")
        #expect(ShownText.clipped("奇洛埃島", to: 5) == "奇洛…")
    }

    @Test func aBarFitsWhateverTheWidthAndIsWholeOnlyAtTheEnd() {
        for (done, total) in [(0, 0), (0, 7), (3, 7), (6, 7), (123_456, 123_457)] {
            for width in 1...200 {
                let bar = Self.figures(done, of: total).bar(width: width)
                #expect(ShownText.columns(bar) <= width, "\(bar)")
                #expect(!bar.contains("100"), "\(bar)")
            }
        }
        #expect(Self.figures(3, of: 7).bar(width: 79)
            == "[##############...................]  42 %  slots 30/70  requests 3/7  ETA 3m20s")
        #expect(Self.figures(3, of: 7).bar(width: 39) == "42 %  slots 30/70  ETA 3m20s")
    }

    private static func figures(_ done: Int, of total: Int) -> ProgressFigures {
        ProgressFigures(
            id: "1", status: "running", isOver: false, calls: .init(done, of: total), slots: .init(done * 10, of: total * 10),
            requests: .init(done, of: total), secondsLeft: 200)
    }

    @Test func thePaceIsThatOfWhatWasSeenHere() {
        var pace = Pace()
        func at(_ seconds: UInt64) -> Deadline { Deadline(nanoseconds: seconds * 1_000_000_000) }
        #expect(pace.secondsLeft(done: 10, total: 100, now: at(1000)) == nil)
        #expect(pace.secondsLeft(done: 10, total: 100, now: at(1010)) == nil)
        #expect(pace.secondsLeft(done: 20, total: 100, now: at(1020)) == 160)
        #expect(pace.secondsLeft(done: 100, total: 100, now: at(1100)) == 0)
    }

    @Test(arguments: [(0.2, "1s"), (59, "59s"), (200, "3m20s"), (7500, "2h05m"), (273_600, "3d04h")])
    func durationsAreShort(_ seconds: Double, _ text: String) { #expect(ProgressFigures.duration(seconds) == text) }

    @Test func theVersionIsTheContracts() throws {
        let contract = try String(contentsOfFile: "openapi.yaml", encoding: .utf8)
        #expect(contract.contains("\n  version: \(Version.number)\n"))
    }
}
