import Bytes
@testable import Datasets
import Foundation
import Series
import Testing

@Suite struct KrakenDerivationTests {
    private func row(_ open: String, _ high: String, _ low: String, _ close: String, _ volume: String, _ trades: Int64) throws -> [Value] {
        let numbers = try [open, high, low, close, volume].map { text in
            let decimal = Bytes.Decimal(text)
            return Value.decimal(try #require(decimal))
        }
        return Array(numbers[..<4]) + [.null, numbers[4], .integer(trades), .text("csv")]
    }

    @Test func aCandleIsRolledUp() throws {
        let roll = KrakenDerivation.derivation.roll
        let made = roll([try row("5", "9", "4", "6.5", "0.10", 3), try row("6", "7", "3.25", "7", "0.2500000001", 2)])
        var expected = try row("5", "9", "3.25", "7", "0.3500000001", 5)
        expected[7] = .text("derived")
        #expect(made == expected)
        // Nobody rounds: a sum of more digits than a value has makes no candle.
        #expect(roll([try row("1", "1", "1", "1", "900000000000", 1), try row("1", "1", "1", "1", "0.0000000001", 1)]) == nil)
        #expect(roll([]) == nil)
    }

    @Test func sourcesDivideAndTheLongestComesFirst() {
        func sources(_ interval: String) -> [String] {
            KrakenDerivation.derivation.sources(SeriesKey(["XBTUSD", interval])).map { $0.values[1] }
        }
        #expect(sources("1").isEmpty)
        #expect(sources("30") == ["15", "5", "1"])
        #expect(sources("1440") == ["720", "240", "60", "30", "15", "5", "1"])
        #expect(sources("10080") == ["1440", "720", "240", "60", "30", "15", "5", "1"])
        #expect(sources("21600") == ["1440", "720", "240", "60", "30", "15", "5", "1"])
        #expect(KrakenDerivation.derivation.sources(SeriesKey(["A"])).isEmpty)
    }

    @Test func theRecordedDaysAreTheirHalfDays() throws {
        guard let root = ProcessInfo.processInfo.environment["GAPLESS_REAL_DATA"] else {
            print("SKIPPED: the recorded candles are not read, GAPLESS_REAL_DATA is not set")
            return
        }
        func read(_ name: String) throws -> [(time: Int64, values: [Value])] {
            try String(contentsOfFile: "\(root)/kraken/archive/\(name)", encoding: .utf8).split(separator: "\n").map { line in
                let fields = line.split(separator: ",").map(String.init)
                return (
                    try #require(Int64(fields[0])),
                    try row(fields[1], fields[2], fields[3], fields[4], fields[5], try #require(Int64(fields[6])))
                )
            }
        }
        let halves = Dictionary(grouping: try read("XBTUSD_720.csv"), by: { $0.time / 86_400 })
        var days = 0
        for day in try read("XBTUSD_1440.csv") {
            guard let own = halves[day.time / 86_400] else { continue }
            var expected = day.values
            expected[7] = .text("derived")
            var made = try #require(KrakenDerivation.derivation.roll(own.map(\.values)))
            guard case .decimal(let sum) = made[5], case .decimal(let said) = expected[5] else { continue }
            // Kraken's sums are of binary floats.
            #expect(abs(sum.double - said.double) < 1e-8 * max(1, said.double / 1000))
            made[5] = expected[5]
            #expect(made == expected)
            days += 1
        }
        #expect(days == 4182)
    }
}
