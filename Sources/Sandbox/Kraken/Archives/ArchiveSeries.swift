internal import Bytes

/// One file in the making: candles of one interval out of trades that come in order.
struct ArchiveSeries {
    let pair: Sandbox.KrakenPair
    let interval: Int
    let range: Range<Int64>
    private let step: Int64
    private let lost: Set<Int64>
    private let gaps: [Range<Int64>]
    private let end: [UInt8]
    private var current: Candle?
    private var bytes: [UInt8] = []
    /// Where each line begins.
    private var starts: [Int] = []

    init(_ pair: Sandbox.KrakenPair, _ interval: Int, _ range: Range<Int64>, _ options: Sandbox.ArchiveOptions) {
        self.pair = pair
        self.interval = interval
        self.range = range
        let step = Int64(interval) * 60
        self.step = step
        gaps = options.gaps.filter { $0.pair == pair.name }.map(\.range)
        end = Array((options.crlf.contains(pair.name) ? "\r\n" : "\n").utf8)
        if options.headers.contains(pair.name) { bytes = Array("timestamp,open,high,low,close,volume,trades".utf8) + end }
        let isLong = interval == 720 || interval == 1440
        lost = isLong ? Set(options.lostBuckets.filter { $0.pair == pair.name }.map { $0.quarter.range.upperBound - step }) : []
    }

    /// `isCounted`: it counts as a trade and not just in prices and volume.
    mutating func add(_ trade: Trade, isCounted: Bool) {
        let time = trade.time.floored(by: step * Tape.nanoseconds) * step
        if current?.time == time { current?.add(trade) } else {
            close()
            current = Candle(time: time, trade)
        }
        if !isCounted { current?.count -= 1 }
    }

    private mutating func close() {
        guard let candle = current else { return }
        current = nil
        let slot = candle.time..<candle.time + step
        if slot.clamped(to: range) != slot || lost.contains(candle.time) { return }
        if gaps.contains(where: { slot.clamped(to: $0) == slot }) { return }
        starts.append(bytes.count)
        NumberText.append(candle.time, to: &bytes)
        for units in [candle.open, candle.high, candle.low, candle.close] { add(Digits.archivePrice(units, pair.priceDecimals)) }
        add(Digits.archiveVolume(candle.volume, pair.volumeDecimals))
        add(String(candle.count))
        bytes += end
    }

    private mutating func add(_ field: String) {
        bytes.append(UInt8(ascii: ","))
        bytes += field.utf8
    }

    /// The file, how many of its lines can be used, and the slots of those that cannot; nil where it would be empty.
    mutating func finish(_ options: Sandbox.ArchiveOptions, isComplete: Bool) -> (bytes: [UInt8], rows: Int, spoiled: [Int64])? {
        close()
        guard let last = starts.last else { return nil }
        let name = "\(pair.name)_\(interval)"
        let length = bytes.count - last
        var spoiled: [Int64] = []
        if isComplete, options.growing.contains(name) {
            spoiled.append(time(of: starts.count - 1))
            bytes.removeLast(length / 2 + end.count)
        }
        if isComplete, options.badLines.contains(name), starts.count >= 10 { spoiled += spoil() }
        return (bytes, starts.count - spoiled.count, spoiled)
    }

    private func fields(_ line: Int) -> [String] {
        let until = line + 1 < starts.count ? starts[line + 1] : bytes.count
        return String(decoding: bytes[starts[line]..<until - end.count], as: UTF8.self).split(separator: ",").map(String.init)
    }

    private func time(of line: Int) -> Int64 { fields(line).first.flatMap { Int64($0) } ?? 0 }

    /// A line that contradicts itself, one off the grid, one whose volume is no number, one that ends early, each instead of a good one;
    /// and a good one twice. The slots of the four.
    private mutating func spoil() -> [Int64] {
        let places = (1...5).map { $0 * (starts.count - 1) / 6 }
        let times = places[..<4].map { time(of: $0) }
        // From behind, so that what lies before stays where it is.
        for (kind, line) in zip(0..<5, places).reversed() {
            var fields = fields(line)
            let whole = fields
            switch kind {
            case 0: fields[2] = "0.0"
            case 1: fields[0] = String(times[1] + 7)
            case 2: fields[5] = "1.2.3"
            case 3: fields.removeLast(3)
            default: break
            }
            var text = Array(fields.joined(separator: ",").utf8) + end
            if kind == 4 { text += Array(whole.joined(separator: ",").utf8) + end }
            bytes.replaceSubrange(starts[line]..<starts[line + 1], with: text)
        }
        return times
    }
}
