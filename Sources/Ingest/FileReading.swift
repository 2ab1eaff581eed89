internal import Codec
internal import EventLoop
internal import Series
internal import Store
internal import Synchronization

/// One reading of an archive file from its first byte to its last, piece by piece on the loop for decoding: a piece of 256 KiB is some
/// milliseconds' work, and transfers go on meanwhile.
final class FileReading: Sendable {
    private final class State {
        let text: ArchiveText
        var reader: any ArchiveReader
        var hash = SHA256()
        var piece = [UInt8](repeating: 0, count: ArchiveText.piece)
        var rows = 0
        /// Of the piece that had most.
        var room = 0
        var refused = Refusals()
        /// Of the whole text, once it is over.
        var sum: [UInt8]?

        init(text: ArchiveText, reader: any ArchiveReader) {
            self.text = text
            self.reader = reader
        }

        func next() throws -> LoadPiece {
            var batch = reader.emptyBatch
            batch.reserve(room)
            defer { room = max(room, batch.count) }
            // A piece without a row (all of its lines refused) is no end.
            while batch.count == 0 {
                if let sum {
                    return .end(LoadEnd(
                        sha256: sum, rows: rows, quarantined: refused.count, skipped: reader.skippedLines, refused: refused))
                }
                try readPiece(into: &batch)
            }
            return .rows(batch)
        }

        private func readPiece(into batch: inout RowBatch) throws {
            var more: [QuarantinedRecord] = []
            let count = try text.read(into: &piece)
            if count == 0 {
                reader.finish(into: &batch, refused: &more)
                var whole = SHA256()
                swap(&whole, &hash)
                sum = whole.finish()
            } else {
                hash.update(piece[..<count])
                // Apart from this object while it reads a part of it.
                let bytes = piece
                reader.read(bytes.span.extracting(0..<count), into: &batch, refused: &more)
            }
            refused.add(more)
            rows += batch.count
        }
    }

    private let state: Mutex<State>
    private let decoding: Loop

    /// `now`: the shown clock; rows whose slots end after it are refused.
    init(_ source: ArchiveSource, _ format: ArchiveFormat, now: Int64, on decoding: Loop) throws(ArchiveError) {
        self.decoding = decoding
        state = Mutex(State(text: try ArchiveText(source), reader: format.reader(source.series, now)))
    }

    /// The rows of the next piece, or the end, once. Throws `ArchiveError`.
    func next() async throws -> LoadPiece { try await decoding.run { _ in try self.state.withLock { try $0.next() } } }
}
