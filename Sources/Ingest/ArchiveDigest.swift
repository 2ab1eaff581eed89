internal import Codec
package import Series

/// What one pass over a source tells: enough to know it again, and what it would bring.
package struct ArchiveDigest: Sendable, Equatable {
    /// SHA-256 of the text, lower-case hex: the same however it is packed.
    package let sha256: String
    package let bytes: Int64
    package let lines: Int
    package let rows: Int
    /// Lines that break a rule; their reasons with how many each.
    package let refused: [String: Int]
    /// Instants of the earliest and the latest row.
    package let first: Int64?
    package let last: Int64?

    package var refusedCount: Int { refused.values.reduce(0, +) }

    /// Reads a source once, in bounded memory. Throws where it cannot be read to its end, or is no longer what was found.
    package init(of source: ArchiveSource, format: ArchiveFormat) throws(ArchiveError) {
        let text = try ArchiveText(source)
        var hash = SHA256()
        var tally = Tally(format.reader(source.series))
        var piece = [UInt8](repeating: 0, count: ArchiveText.piece)
        var bytes: Int64 = 0
        while true {
            let count = try text.read(into: &piece)
            if count == 0 { break }
            bytes += Int64(count)
            hash.update(piece[..<count])
            tally.read(piece.span.extracting(0..<count))
        }
        tally.finish()
        sha256 = Hex.encode(hash.finish())
        self.bytes = bytes
        rows = tally.rows
        refused = tally.reasons
        first = tally.first
        last = tally.last
        lines = tally.rows + tally.reasons.values.reduce(0, +) + tally.reader.skippedLines
    }

    private struct Tally {
        var reader: any ArchiveReader
        var rows = 0
        var reasons: [String: Int] = [:]
        var first: Int64?
        var last: Int64?
        private var batch: RowBatch
        private var refused: [QuarantinedRecord] = []

        init(_ reader: any ArchiveReader) {
            self.reader = reader
            batch = reader.emptyBatch
        }

        mutating func read(_ bytes: Span<UInt8>) {
            reader.read(bytes, into: &batch, refused: &refused)
            settle()
        }

        mutating func finish() {
            reader.finish(into: &batch, refused: &refused)
            settle()
        }

        private mutating func settle() {
            rows += batch.count
            for time in batch.times {
                first = min(first ?? time, time)
                last = max(last ?? time, time)
            }
            for record in refused { reasons[record.reason, default: 0] += 1 }
            batch.removeAll()
            refused.removeAll(keepingCapacity: true)
        }
    }
}
