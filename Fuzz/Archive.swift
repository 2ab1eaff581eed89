@testable import Datasets
@testable import Series

/// F-10: an archive file read at once and in pieces gives the same rows and refusals, every line is one of row, refusal and nobody's, and
/// no row breaks a rule that the close look knows.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard let data, count > 0 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: data + 1, count: count - 1))
    let whole = read(bytes, pieces: bytes.count + 1)
    let pieces = read(bytes, pieces: Int(data[0] % 64) + 1)
    precondition(whole == pieces, "pieces change what is read")
    let ends = bytes.count { $0 == UInt8(ascii: "\n") }
    let lines = ends + (bytes.isEmpty || bytes.last == UInt8(ascii: "\n") ? 0 : 1)
    precondition(whole.batch.count + whole.refused.count + whole.skipped == lines, "a line is lost")
    var rows: [Int64] = []
    let rule = KrakenArchiveRule(seconds: 60, now: now)
    for (number, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
    where line.count <= KrakenArchiveReader.longestLine {
        if case .row(let row) = KrakenArchiveLine.read(line, line: number + 1, rule) { rows.append(row.time) }
    }
    precondition(rows == whole.batch.times, "the fast way and the close look differ")
    return 0
}

/// Some candles have not ended by then.
private let now: Int64 = 1_600_000_000

private struct Reading: Equatable {
    var batch: RowBatch
    var refused: [QuarantinedRecord] = []
    var skipped = 0
}

private func read(_ bytes: [UInt8], pieces size: Int) -> Reading {
    var reader = KrakenArchiveReader(seconds: 60, now: now)
    var reading = Reading(batch: reader.emptyBatch)
    var from = 0
    while from < bytes.count {
        let to = min(from + size, bytes.count)
        let piece = Array(bytes[from..<to])
        reader.read(piece.span, into: &reading.batch, refused: &reading.refused)
        from = to
    }
    reader.finish(into: &reading.batch, refused: &reading.refused)
    reading.skipped = reader.skippedLines
    return reading
}
