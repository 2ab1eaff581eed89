import Bytes
import Foundation
import Series
import TestSupport
import Testing

@testable import Datasets

/// What was recorded of the API and of years of bars, where the machine has it (`GAPLESS_REAL_DATA`).
@Suite("Recorded bars of equities")
struct EquitiesRecordedTests {
    private func recorded(_ name: String) throws -> [UInt8]? {
        guard let root = ProcessInfo.processInfo.environment["GAPLESS_REAL_DATA"] else {
            print("SKIPPED: \(name) is not read, GAPLESS_REAL_DATA is not set")
            return nil
        }
        let url = URL(filePath: "\(root)/polygon/\(name)")
        guard name.hasSuffix(".gz") else { return Array(try Data(contentsOf: url)) }
        let unpacker = Process()
        let pipe = Pipe()
        unpacker.executableURL = URL(filePath: "/usr/bin/gzip")
        unpacker.arguments = ["-dc", url.path]
        unpacker.standardOutput = pipe
        try unpacker.run()
        defer { unpacker.waitUntilExit() }
        return Array(try pipe.fileHandleForReading.readToEnd() ?? Data())
    }

    private func defect(_ body: [UInt8], of ticker: String? = nil) -> FailureClass? {
        do throws(AnswerDefect) {
            _ = try EquitiesAnswer(body, of: ticker)
            return nil
        } catch { return error.kind }
    }

    @Test(arguments: [
        ("aggs_AAPL_1_day_2005-04-01_2005-04-04.json", 2), ("grouped_daily_sample.json", 1), ("prev_AAPL.json", 1),
        ("open_close_AAPL_2005-04-01.json", nil), ("marketstatus_now.json", nil), ("marketstatus_upcoming.json", nil),
    ] as [(String, Int?)])
    func recordedAnswers(name: String, bars: Int?) throws {
        guard let body = try recorded("api/\(name)") else { return }
        if let bars {
            let answer = try EquitiesAnswer(body, of: nil)
            #expect(answer.records.count == bars && answer.next == nil)
            #expect(answer.records.allSatisfy { EquityBar($0).flaw == nil && EquityBar($0).values.count == 7 })
        } else {
            #expect(defect(body) == .malformed)
        }
        let end = body.lastIndex { $0 == UInt8(ascii: "}") || $0 == UInt8(ascii: "]") }!
        for length in 0..<end { #expect(defect(Array(body[..<length])) == .malformed, "cut to \(length) bytes") }
    }

    @Test func recordedInstants() throws {
        let bench = try EquitiesBench()
        guard let range = try recorded("api/aggs_AAPL_1_day_2005-04-01_2005-04-04.json"),
            let grouped = try recorded("api/grouped_daily_sample.json")
        else { return }
        let days = bench.day("2005-04-01")..<bench.day("2005-04-04") + 1
        let ticker = try carryOut(bench.call("AAPL", days, now: bench.evening("2005-04-04"))) { _ in
            String(decoding: range, as: UTF8.self)
        }
        #expect(ticker.isProved && ticker.rows.map(\.time) == [bench.time("2005-04-01"), bench.time("2005-04-04")])
        let session = try carryOut(bench.session(["GIK"], "2020-10-14")) { _ in String(decoding: grouped, as: UTF8.self) }
        #expect(session.isProved && session.rows.map(\.time) == [bench.time("2020-10-14")] && session.unanswered.isEmpty)
    }

    /// Bytes that are damaged on their way are a defect, or an answer; never anything else.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func damagedAnswers(seed: UInt64) throws {
        let bench = try EquitiesBench()
        var dice = Seeded(seed)
        let bars = bench.bars("2024-03-04", "2024-03-15")
        let range = bars[0].day..<bars[9].day + 1
        let whole = Array(bench.body(bars.map { $0.json(bench.midnight($0.day)) }, ticker: "A").utf8)
        for _ in 0..<2000 {
            var body = whole
            for _ in 0...dice.below(4) {
                let at = dice.below(body.count)
                switch dice.below(4) {
                case 0: body[at] = UInt8(truncatingIfNeeded: dice.next())
                case 1: body.remove(at: at)
                case 2: body.insert(Array("{}[]\",:0-e.".utf8)[dice.below(11)], at: at)
                default: body.removeSubrange(at..<min(body.count, at + dice.below(40)))
                }
                if body.isEmpty { break }
            }
            var call = bench.call("A", range, now: bench.evening("2024-03-15"))
            let request = call.start()[0]
            guard let step = try? call.received(UpstreamAnswer(body: body), to: request) else { continue }
            #expect(step.end != nil && step.rows.count <= 10)
            #expect(Set(step.rows.map(\.time)).isSubset(of: bars.map { bench.sessions.start($0.day) }))
            #expect(step.rows.allSatisfy { $0.values.count == 7 })
        }
    }

    // MARK: Five years of the S&P 500

    private struct Line {
        let day: Int
        let cells: [String]
    }

    private func sessions() throws -> EquitySessions? {
        guard let text = try recorded("calendar/nyse_sessions_2000_2026.csv") else { return nil }
        var days: [Range<Int>] = []
        var early: Set<LocalDate> = []
        for line in String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline).dropFirst() {
            let date = LocalDate(line.prefix(10))!
            days.append(date.daysSince1970..<date.daysSince1970 + 1)
            if line.hasSuffix(",1") { early.insert(date) }
        }
        let closes = early
        return EquitySessions(zone: try Zone.load("America/New_York"), all: SlotSet(ranges: days)) { closes.contains($0) ? 780 : 960 }
    }

    private func tickers() throws -> [(name: String, lines: [Line])]? {
        guard let text = try recorded("daily/sp500_daily_2013-02-08_2018-02-07.csv.gz") else { return nil }
        var found: [(name: String, lines: [Line])] = []
        for line in text.split(separator: UInt8(ascii: "\n")).dropFirst() {
            let cells = line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map {
                String(decoding: $0, as: UTF8.self)
            }
            if found.last?.name != cells[6] { found.append((cells[6], [])) }
            found[found.count - 1].lines.append(Line(day: LocalDate(cells[0])!.daysSince1970, cells: Array(cells[1...5])))
        }
        return found
    }

    @Test func fiveYearsOfTheIndex() throws {
        guard let sessions = try sessions(), let tickers = try tickers() else { return }
        var rows = 0
        var refused: [String: Int] = [:]
        var contradictory: [String] = []
        var breaks = 0
        var marks: [String: Int] = [:]
        var begins = 0
        let first = LocalDate("2013-02-08")!.daysSince1970
        let last = LocalDate("2018-02-07")!.daysSince1970
        for (name, lines) in tickers {
            let bars = lines.map { line in
                let members = zip(["o", "h", "l", "c", "v"], line.cells).filter { !$1.isEmpty }.map { "\"\($0)\":\($1)" }
                return "{\(members.joined(separator: ",")),\"t\":\(sessions.start(line.day) * 1000)}"
            }
            let body = #"{"status":"OK","ticker":"\#(name)","resultsCount":\#(bars.count),"results":[\#(bars.joined(separator: ","))]}"#
            let order = CallOrder(
                shape: "ticker", series: [SeriesKey([name])], periods: first..<last + 1, now: sessions.start(last) + 86_000, requests: 1)
            let outcome = try carryOut(Equities.exchange(order, sessions)) { _ in body }
            #expect(outcome.isProved && outcome.dropped == 0 && !outcome.isGone, "\(name)")
            rows += outcome.rows.count
            begins += outcome.isBeginning ? 1 : 0
            for record in outcome.quarantined {
                refused[record.reason, default: 0] += 1
                if record.reason != "empty cells" {
                    contradictory.append("\(name) \(sessions.zone.day(at: record.time!))")
                }
            }
            for mark in outcome.marks { marks[mark.check, default: 0] += mark.records }
            breaks += zip(outcome.rows, outcome.rows.dropFirst()).count { EquitySplits.breaks(earlier: $0.values, later: $1.values) }
            #expect(zip(outcome.rows, outcome.rows.dropFirst()).allSatisfy { $0.time < $1.time })
        }
        #expect(rows == 507_665 - 11 && refused["empty cells"] == 5 && refused.values.reduce(0, +) == 11, "\(refused)")
        #expect(contradictory.sorted() == [
            "BBY 2016-03-14", "CHD 2014-05-19", "IP 2014-07-01", "LNT 2016-05-19", "SPG 2014-05-28", "WRK 2016-05-13",
        ])
        print("of \(rows) bars of \(tickers.count) tickers: \(breaks) neighbours break, \(marks), \(begins) beginnings, \(refused)")
        // Shares move that far by themselves, though seldom.
        #expect(breaks < 200)
    }
}
