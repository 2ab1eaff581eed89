internal import Bytes
internal import Series

/// Reads an archive file in pieces that begin and end anywhere. What has the usual form and breaks no rule goes the fast way
/// (`KrakenArchiveScan`), any other line is looked at closely (`KrakenArchiveLine`), which decides.
struct KrakenArchiveReader: ArchiveReader {
    /// Longer lines are refused unread: no row needs a quarter of it.
    static let longestLine = 1024
    private static let tooLong = "line too long"

    private(set) var skippedLines = 0
    private let scan: KrakenArchiveScan
    private let rule: KrakenArchiveRule
    /// The number of the line that comes next.
    private var line = 1
    /// The line that the pieces read so far did not finish.
    private var rest: [UInt8] = []
    /// Inside a line that is too long; it was refused.
    private var isInLongLine = false

    /// `seconds`: how long a candle of the series lasts. `now`: those that end after it are refused.
    init(seconds: Int64, now: Int64) {
        rule = KrakenArchiveRule(seconds: seconds, now: now)
        scan = KrakenArchiveScan(rule)
    }

    var emptyBatch: RowBatch { KrakenArchive.emptyBatch }

    mutating func read(_ bytes: Span<UInt8>, into batch: inout RowBatch, refused: inout [QuarantinedRecord]) {
        var start = 0
        if isInLongLine || !rest.isEmpty {
            guard let end = Self.newline(bytes, from: 0) else {
                keep(bytes, &refused)
                return
            }
            if isInLongLine {
                isInLongLine = false
            } else {
                append(bytes.extracting(0..<end + 1))
                take(into: &batch, &refused)
            }
            start = end + 1
        }
        var end = Self.endOfLines(bytes, from: start, margin: KrakenArchiveScan.margin)
        if end > start { take(bytes.extracting(start..<bytes.count), end - start, into: &batch, &refused) }
        start = end
        end = Self.endOfLines(bytes, from: start, margin: 0)
        if end > start {
            append(bytes.extracting(start..<end))
            take(into: &batch, &refused)
        }
        keep(bytes.extracting(end..<bytes.count), &refused)
    }

    mutating func finish(into batch: inout RowBatch, refused: inout [QuarantinedRecord]) {
        if rest.isEmpty { return }
        rest.append(UInt8(ascii: "\n"))
        take(into: &batch, &refused)
    }

    // MARK: - Pieces

    private mutating func append(_ bytes: Span<UInt8>) {
        for index in 0..<bytes.count { rest.append(bytes[index]) }
    }

    /// Bytes without a line's end.
    private mutating func keep(_ bytes: Span<UInt8>, _ refused: inout [QuarantinedRecord]) {
        if isInLongLine { return }
        append(bytes.extracting(0..<min(bytes.count, Self.longestLine + 1 - rest.count)))
        if rest.count > Self.longestLine {
            refused.append(KrakenArchiveLine.refusal(Self.tooLong, rest[...], line: line))
            line += 1
            isInLongLine = true
            rest.removeAll(keepingCapacity: true)
        }
    }

    /// Takes what was kept, all of it whole lines.
    private mutating func take(into batch: inout RowBatch, _ refused: inout [QuarantinedRecord]) {
        if rest.isEmpty { return }
        var text = rest
        rest.removeAll(keepingCapacity: true)
        let end = text.count
        text.append(contentsOf: repeatElement(0, count: KrakenArchiveScan.margin))
        take(text.span, end, into: &batch, &refused)
    }

    /// Takes the whole lines of `text[..<end]`; behind them stand the bytes that a scan may look at.
    private mutating func take(_ text: Span<UInt8>, _ end: Int, into batch: inout RowBatch, _ refused: inout [QuarantinedRecord]) {
        var columns = KrakenArchiveColumns(takenFrom: &batch)
        var at = 0
        while at < end {
            let (next, lines) = scan.rows(text, from: at, to: end, into: &columns)
            at = next
            line += lines
            if at < end { at = look(text, at, &columns, &refused) }
        }
        columns.putBack(into: &batch)
    }

    /// The line at `start`, closely; where the next begins.
    private mutating func look(
        _ text: Span<UInt8>, _ start: Int, _ columns: inout KrakenArchiveColumns, _ refused: inout [QuarantinedRecord]
    ) -> Int {
        let end = Self.newline(text, from: start) ?? text.count - 1
        line += 1
        var bytes: [UInt8] = []
        for index in start..<min(end, start + Self.longestLine + 1) { bytes.append(text[index]) }
        if bytes.count > Self.longestLine {
            refused.append(KrakenArchiveLine.refusal(Self.tooLong, bytes[...], line: line - 1))
            return end + 1
        }
        switch KrakenArchiveLine.read(bytes[...], line: line - 1, rule) {
        case .row(let row): columns.append(row)
        case .nothing: skippedLines += 1
        case .refused(let record): refused.append(record)
        }
        return end + 1
    }

    private static func newline(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        var at = start
        while at < bytes.count {
            if bytes[at] == UInt8(ascii: "\n") { return at }
            at += 1
        }
        return nil
    }

    /// Behind the last line that ends with so many bytes behind it.
    private static func endOfLines(_ bytes: Span<UInt8>, from start: Int, margin: Int) -> Int {
        var at = bytes.count - margin
        while at > start {
            if bytes[at - 1] == UInt8(ascii: "\n") { return at }
            at -= 1
        }
        return start
    }
}
