internal import Bytes
internal import Codec

extension Sandbox {
    /// Writes the archive of the imitated exchange into `directory`, of the same trades that its API tells of: `complete/PAIR_INTERVAL.csv`
    /// and a file a quarter, `Kraken_OHLCVT_Q1_2025.zip`. Nothing that is there already is removed. Throws `ArchiveFailure`.
    @discardableResult
    package static func writeArchives(
        _ configuration: Configuration, to directory: String, _ options: ArchiveOptions
    ) throws -> [ArchiveFile] {
        let market = KrakenMarket(
            seed: configuration.seed, configuration.kraken, faults: configuration.faults.kraken)
        var writer = ArchiveWriter(market, Dice(seed: configuration.seed), directory, options)
        return try writer.write()
    }
}

/// The files of an archive, set by set: the complete one, then the quarters.
private struct ArchiveWriter {
    /// The files of one range of time, in one folder or one ZIP file.
    private struct Volume {
        let name: String
        let range: Range<Int64>
        let packing: Sandbox.ArchiveOptions.Packing
        let isComplete: Bool
        let zip: ZipWriter?
    }

    private let market: KrakenMarket
    private let dice: Dice
    private let directory: String
    private let options: Sandbox.ArchiveOptions
    private var files: [Sandbox.ArchiveFile] = []

    init(_ market: KrakenMarket, _ dice: Dice, _ directory: String, _ options: Sandbox.ArchiveOptions) {
        self.market = market
        self.dice = dice
        self.directory = directory
        self.options = options
    }

    mutating func write() throws -> [Sandbox.ArchiveFile] {
        let volumes = try volumes()
        let pairs = market.pairs.filter { options.pairs.isEmpty || options.pairs.contains($0.name) }
        for volume in volumes {
            for pair in pairs { try write(pair, volume) }
            if options.hasStray, volume.isComplete { try add("BTCUSD_Daily_OHLC.csv", stray, volume) }
            if options.hasLookAlikes, volume.isComplete { try addLookAlikes(volume) }
            try volume.zip?.finish()
        }
        return files
    }

    private func volumes() throws -> [Volume] {
        var quarters: [Quarter] = []
        var quarter = Quarter(containing: options.through)
        for _ in 0..<options.quarters {
            quarter = quarter.before
            quarters.insert(quarter, at: 0)
        }
        let begin = market.pairs.map(\.listed).min() ?? 0
        let first = begin.floored(by: Tape.day) * Tape.day
        let end = max(first, quarters.first?.start ?? options.through)
        var volumes = [try volume("complete", "Kraken_OHLCVT", first..<end, isComplete: true)]
        for quarter in quarters where !options.missingQuarters.contains(quarter) {
            let from = quarter.start - Int64(options.overlapDays) * Tape.day
            volumes.append(try volume(quarter.name, "Kraken_OHLCVT_" + quarter.name, from..<quarter.range.upperBound, isComplete: false))
        }
        return volumes
    }

    private func volume(_ folder: String, _ name: String, _ range: Range<Int64>, isComplete: Bool) throws -> Volume {
        let packing = isComplete ? options.complete : options.quarterly
        let isZip = packing == .zip || packing == .stored
        let path = isZip ? name + ".zip" : folder
        return Volume(
            name: path, range: range, packing: packing, isComplete: isComplete,
            zip: isZip ? try ZipWriter("\(directory)/\(path)", isStored: packing == .stored) : nil)
    }

    private mutating func write(_ pair: Sandbox.KrakenPair, _ volume: Volume) throws {
        guard let tape = market.candles(pair.name)?.tape else { return }
        var series = options.intervals.map { ArchiveSeries(pair, $0, volume.range, options) }
        let life = pair.listed..<max(pair.listed + 1, pair.delisted ?? Int64.max)
        let range = volume.range.clamped(to: life)
        if range.isEmpty { return }
        for day in range.lowerBound.floored(by: Tape.day)...(range.upperBound - 1).floored(by: Tape.day) {
            let isRestated = options.restatedQuarters.contains(Quarter(containing: day * Tape.day))
            var last: Trade?
            for trade in tape.trades(day: day) {
                let isCounted = !isRestated || last?.time != trade.time || dice.unit(240, trade.id) < 0.5
                let told = isRestated ? restated(trade) : trade
                for index in series.indices { series[index].add(told, isCounted: isCounted) }
                last = trade
            }
        }
        for index in series.indices {
            guard let made = series[index].finish(options, isComplete: volume.isComplete) else { continue }
            let name = "\(pair.name)_\(series[index].interval).csv"
            let path = try add(name, made.bytes, volume)
            files.append(Sandbox.ArchiveFile(
                path: path, pair: pair.name, interval: series[index].interval, range: volume.range, rows: made.rows, spoiled: made.spoiled))
            let isTwin = options.hasLookAlikes && volume.isComplete && pair.key != pair.name && series[index].interval == 1440
            if isTwin { try add("\(pair.key)_1440.csv", made.bytes, volume) }
        }
    }

    /// Up to a quarter of a percent less of it.
    private func restated(_ trade: Trade) -> Trade {
        let less = trade.volume / 400_000 * Int64(dice.pick(1_000, 241, trade.id)) + Int64(dice.pick(3, 242, trade.id))
        return Trade(
            time: trade.time, price: trade.price, volume: max(1, trade.volume - less), id: trade.id, isBuy: trade.isBuy,
            isMarket: trade.isMarket)
    }

    /// Where it went.
    @discardableResult
    private func add(_ name: String, _ bytes: [UInt8], _ volume: Volume) throws -> String {
        if let zip = volume.zip {
            let folder = String(volume.name.dropLast(4))
            try zip.add("\(folder)/\(name)", bytes)
            if options.hasJunk { try zip.add("__MACOSX/\(folder)/._\(name)", ArchiveWriter.junk) }
            return "\(volume.name)!\(folder)/\(name)"
        }
        let path = "\(volume.name)/\(name)" + (volume.packing == .gz ? ".gz" : "")
        try FileSink.write(volume.packing == .gz ? try gzip(bytes) : bytes, to: "\(directory)/\(path)")
        if options.hasJunk { try FileSink.write(ArchiveWriter.junk, to: "\(directory)/\(volume.name)/._\(name)") }
        return path
    }

    /// What macOS leaves beside a file on another system's disk: AppleDouble (RFC 1740), with no entry.
    private static let junk: [UInt8] =
        [0x00, 0x05, 0x16, 0x07, 0x00, 0x02, 0x00, 0x00] + Array("Mac OS X        ".utf8) + [0x00, 0x00]

    /// Columns of others, and dates.
    private var stray: [UInt8] {
        Array("Date,Open,High,Low,Close,Volume\n2024-01-01,42280.2,44200.0,42180.1,44180.7,2101.5\n".utf8)
    }

    /// Names that begin as a pair's does and are none of its.
    private func addLookAlikes(_ volume: Volume) throws {
        let line = "\(volume.range.lowerBound),7.0,7.0,7.0,7.0,5,1\n"
        for name in ["XBTUSD1_60.csv", "UNITEUSD_60.csv", "XBTUSD_60_old.csv", "XBTUSD_7.csv"] { try add(name, Array(line.utf8), volume) }
    }
}
