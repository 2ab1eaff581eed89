import Bytes
import EventLoop
import Foundation
import Series
@testable import Store
import Testing

/// Recorded archives (`GAPLESS_REAL_DATA`): what their absent slots are.
@Suite struct RecordedEvidenceTests {
    private static let root: String? = {
        if let root = ProcessInfo.processInfo.environment["GAPLESS_REAL_DATA"] { return root + "/kraken/archive/" }
        print("\n*** SKIPPED: GAPLESS_REAL_DATA is unset, so the recorded candles were not weighed ***\n")
        return nil
    }()

    /// The rows of an archive, read in the plainest way.
    private static func rows(_ path: String, series: Int) throws -> [StoredRow] {
        let pipe = Pipe()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [path.hasSuffix(".gz") ? "zcat" : "cat", path]
        process.standardOutput = pipe
        try process.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return try text.split(separator: "\n").map { line in
            let fields = line.split(separator: ",")
            let numbers = try fields[1...5].map { text in
                let decimal = Bytes.Decimal(text)
                return Value.decimal(try #require(decimal))
            }
            return StoredRow(
                seriesID: series, time: try #require(Int64(fields[0])),
                values: Array(numbers[..<4]) + [.null, numbers[4], .integer(try #require(Int64(fields[6]))), .text("csv")])
        }
    }

    /// In pieces, so that no statement takes long on a busy machine.
    private static func load(_ rows: [StoredRow], _ test: StoreUnderTest, _ now: Int64) async throws {
        for from in stride(from: 0, to: rows.count, by: 5000) {
            try await test.call(Array(rows[from..<min(from + 5000, rows.count)]), now: now)
        }
    }

    /// The first task's span is all time: windows as the worker cuts them.
    private static func weigh(_ test: StoreUnderTest, _ task: ClaimedTask, _ interval: Int, now: Int64) async throws -> Inferred {
        let all = try await test.store.entries(of: test.dataset.name)
        let extent = try #require(try await test.store.extent(of: all, test.dataset))
        let judged = all.filter { $0.key.values[1] == String(interval) }
        var sum = Inferred()
        let width = Int64(interval * 60 * 50_000)
        for from in stride(from: extent.lowerBound, to: extent.upperBound, by: Int64.Stride(width)) {
            sum += try await test.store.weigh(
                task, judged, among: all, in: from..<min(from + width, extent.upperBound), of: test.dataset, now: now)
        }
        return sum
    }

    private static func instant(_ text: String) -> Int64 { Int64(ISO8601DateFormatter().date(from: text)!.timeIntervalSince1970) }

    @Test func downtimeIsToldFromOnePairsGap() async throws {
        guard let root = Self.root else { return }
        let pairs = ["ETH", "XRP", "FLR", "HONEY", "PEPE"].map { $0 + "USD" }
        let dataset = Candles.dataset(pairs, [5])
        try await StoreUnderTest.with(dataset) { _, test in
            let now = Self.instant("2025-01-01T00:00:00Z")
            for (pair, id) in zip(pairs, test.ids) { try await Self.load(try Self.rows("\(root)\(pair)_5.csv.gz", series: id), test, now) }
            let task = try await test.begin()
            let clock = ContinuousClock()
            let begun = clock.now
            let found = try await Self.weigh(test, task, 5, now: now)
            print("weighed 5 series of half a year in \(clock.now - begun): \(found)")
            let series = try await test.store.snapshot(
                of: dataset, choose: { $0.map(\.id) }, notes: Self.instant("2024-07-01T00:00:00Z")..<now, span: { _ in nil }).series
            let eth = try #require(series.first { $0.key.values[0] == "ETHUSD" })
            #expect(eth.notes.absences.map(\.reason) == ["downtime"] && eth.notes.absences[0].nextAsk == nil)
            #expect(eth.ledger.absent.count == 37)
            func slots(_ from: String, _ count: Int = 1) -> Range<Int> {
                let first = Int(Self.instant("2024-\(from):00Z") / 300)
                return first..<first + count
            }
            for (from, count) in [
                ("07-08T07:05", 3), ("07-18T07:05", 2), ("08-01T07:05", 1), ("08-08T07:05", 1), ("08-21T07:05", 1), ("09-02T07:05", 3),
                ("09-12T07:05", 2), ("09-27T04:10", 14), ("10-04T07:05", 1), ("10-17T07:05", 2), ("11-19T08:05", 2), ("11-28T08:05", 2),
            ] { #expect(eth.ledger.absent.contains(slots(from, count)), "\(from)") }
            // Others traded then: a quiet time of this pair.
            for from in ["08-10T23:10", "08-11T04:05", "08-17T06:15", "09-28T11:55", "10-13T07:35"] {
                #expect(!eth.ledger.absent.contains(slots(from)), "\(from)")
            }
            for one in series { #expect(eth.ledger.absent.subtracting(one.ledger.held).isSuperset(of: one.ledger.absent), "\(one.key)") }
            func remarked(_ name: String) throws -> [String: Int] {
                let one = try #require(series.first { $0.key.values[0] == name })
                let gaps = one.ledger.gaps(
                    in: slots("07-01T00:00", 52_992), calendar: dataset.calendar(of: one.key), dueBefore: Int(now / 300),
                    notes: one.notes.runs)
                return gaps.filter { $0.state == .missing }.reduce(into: [:]) { counts, gap in
                    counts[gap.note.map { one.notes.remarks[$0] } ?? "nothing", default: 0] += gap.slots
                }
            }
            #expect(try remarked("ETHUSD") == ["unknown": 12])
            // Nothing is said of what lies before the first row and behind the last; that the first is the first trade nobody has told.
            let flare = try remarked("FLRUSD")
            #expect(flare == ["unknown": 18_982 - 37, "nothing": 1], "\(flare)")
            #expect(try remarked("PEPEUSD")["lost", default: 0] < 5)
            let ripple = try remarked("XRPUSD")
            #expect(ripple["lost", default: 0] > 0 && ripple["lost", default: 0] < 20 && ripple.values.reduce(0, +) == 163, "\(ripple)")
            #expect(try await test.store.verify(dataset).findings.allSatisfy { !$0.isRepairable })
            let again = try await Self.weigh(test, task, 5, now: now + 60)
            #expect(again.absent == 0 && again.left == found.left)
        }
    }

    @Test func theLostDayIsAHoleThatTradedOn() async throws {
        guard let root = Self.root else { return }
        let dataset = Candles.dataset(["XBTUSD"], [720, 1440])
        try await StoreUnderTest.with(dataset) { _, test in
            let now = Self.instant("2025-04-01T00:00:00Z")
            for (interval, id) in zip([720, 1440], test.ids) {
                try await Self.load(try Self.rows("\(root)XBTUSD_\(interval).csv", series: id), test, now)
            }
            let task = try await test.begin()
            for interval in [720, 1440] { _ = try await Self.weigh(test, task, interval, now: now) }
            let span = Self.instant("2024-03-31T00:00:00Z")..<Self.instant("2024-04-01T00:00:00Z")
            let series = try await test.store.snapshot(of: dataset, choose: { $0.map(\.id) }, notes: span, span: { _ in nil }).series
            func word(_ interval: Int) throws -> [String] {
                let one = try #require(series.first { $0.key.values[1] == String(interval) })
                let gaps = one.ledger.gaps(
                    in: dataset.slots(of: one.key, from: span.lowerBound, to: span.upperBound), calendar: dataset.calendar(of: one.key),
                    dueBefore: dataset.dueBefore(one.key, now: now), notes: one.notes.runs)
                return gaps.map { "\($0.state.rawValue) \($0.note.map { one.notes.remarks[$0] } ?? "")" }
            }
            #expect(try word(1440) == ["missing lost"])
            #expect(try word(720) == ["missing unknown"])
            // A day without its second half does not follow from the first.
            let entries = try await test.store.entries(of: dataset.name).sorted { $0.key < $1.key }
            let day = try #require(entries.first { $0.key.values[1] == "1440" })
            let half = try #require(entries.first { $0.key.values[1] == "720" })
            let derived = try await test.store.derive(
                task, day, from: [half], in: dataset.slots(of: day.key, from: span.lowerBound, to: span.upperBound), of: dataset, now: now)
            #expect(derived.written == 0 && derived.left == 1)
        }
    }
}
