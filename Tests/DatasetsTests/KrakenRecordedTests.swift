import Bytes
import Foundation
import Series
import Testing

@testable import Datasets

/// What was recorded of the API, where the machine has it (`GAPLESS_REAL_DATA`).
@Suite("Kraken's recorded answers")
struct KrakenRecordedTests {
    private func recorded(_ name: String) throws -> [UInt8]? {
        guard let root = ProcessInfo.processInfo.environment["GAPLESS_REAL_DATA"] else {
            print("SKIPPED: \(name) is not read, GAPLESS_REAL_DATA is not set")
            return nil
        }
        return Array(try Data(contentsOf: URL(filePath: "\(root)/kraken/api/\(name)")))
    }

    private func order(_ shape: String, _ minutes: Range<Int>, _ intervals: [Int] = [1], now: Int64 = .max) -> CallOrder {
        CallOrder(shape: shape, series: intervals.map { SeriesKey(["XBTUSDT", "\($0)"]) }, periods: minutes, now: now)
    }

    /// The first minute of the candles, and of the trades' first and last whole ones.
    private let first = 1_762_777_020 / 60
    private let tradedFrom = 1_762_795_440 / 60
    private let tradedTo = 1_762_819_980 / 60

    private func candles() throws -> Outcome? {
        guard let body = try recorded("ohlc_XBTUSDT_interval1.json") else { return nil }
        return try carryOut(krakenExchange(order("ohlc", first..<first + 720))) { _ in String(decoding: body, as: UTF8.self) }
    }

    @Test func theCandlesAreProvedWhole() throws {
        guard let outcome = try candles() else { return }
        #expect(outcome.isProved, "\(String(describing: outcome.end))")
        // 721 rows, 216 of them placeholders, the uncommitted one among these.
        #expect(outcome.rows.count == 720 - 215)
        #expect(outcome.quarantined.isEmpty && outcome.dropped == 0)
        #expect(outcome.witnessed == first..<first + 720)
        guard let body = try recorded("ohlc_XBTUSDT_interval1.json") else { return }
        let wide = try carryOut(krakenExchange(order("ohlc", first - 10..<first + 721))) { _ in String(decoding: body, as: UTF8.self) }
        #expect(wide.isUnproved && wide.witnessed == first..<first + 720, "neither before the window nor the current minute")
        #expect(wide.rows == outcome.rows)
    }

    /// 272 whole minutes: every value as Kraken's own candles have it, the mean price included.
    @Test func theTradesRebuildTheCandles() throws {
        guard let candles = try candles(), let body = try recorded("trades_XBTUSDT.json") else { return }
        // The recording begins within the minute before the first whole one.
        let minutes = tradedFrom - 1..<tradedTo
        let outcome = try carryOut(krakenExchange(order("trades", minutes, [1, 5, 60]))) { _ in String(decoding: body, as: UTF8.self) }
        #expect(outcome.isProved, "\(String(describing: outcome.end))")
        #expect(outcome.requests.count == 1 && outcome.witnessed == minutes)
        let instants = Int64(tradedFrom) * 60..<Int64(tradedTo) * 60
        let expected = candles.rows.filter { instants.contains($0.time) }
        let rebuilt = outcome.rows.filter { $0.series == 0 && instants.contains($0.time) }
        #expect(rebuilt.count == 272 && expected.count == 272)
        #expect(rebuilt.map { [Value](($0.values.dropLast())) } == expected.map { [Value]($0.values.dropLast()) })
        #expect(rebuilt.map(\.time) == expected.map(\.time))
        for (series, interval) in [(1, 5), (2, 60)] {
            let coarse = outcome.rows.filter { $0.series == series }
            #expect(coarse.allSatisfy { $0.time % Int64(interval * 60) == 0 })
            for row in coarse {
                let parts = rebuilt.filter { $0.time >= row.time && $0.time < row.time + Int64(interval * 60) }
                let volume = parts.reduce(Decimal.zero) { sum, part in
                    if case .decimal(let volume) = part.values[5] { (sum + volume)! } else { sum }
                }
                #expect(row.values[5] == .decimal(volume) && row.values[0] == parts[0].values[0] && row.values[3] == parts.last?.values[3])
            }
        }
    }

    @Test func theAssetPairsAreRead() throws {
        guard let body = try recorded("asset_pairs.json") else { return }
        let pairs = try KrakenAssetPairs(body)
        #expect(pairs.entries.count == 1)
        let pair = try #require(KrakenPair("XBT/USDT"))
        #expect(pairs[pair] == KrakenAssetPairs.Entry(
            name: "XBTUSDT", altname: "XBTUSDT", wsname: "XBT/USDT", base: "XXBT", quote: "USDT", status: "online", pairDecimals: 1))
    }
}
