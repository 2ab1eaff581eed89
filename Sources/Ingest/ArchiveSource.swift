internal import Codec
package import Series

/// A file of one series in an archive folder, packed or not: as it was found, not open.
package struct ArchiveSource: Sendable, Hashable {
    /// Below the folder, as people know it: `2024/XBTUSD_60.csv.gz`, `Kraken_OHLCVT.zip!XBTUSD_60.csv`.
    package let path: String
    package let series: SeriesKey
    /// Bytes on disk, packed where they are.
    package let storedBytes: Int64
    /// Bytes of the text; nil where only unpacking tells (gzip).
    package let bytes: Int64?
    /// When the file (of a ZIP: the archive) was last written, nanoseconds since 1970.
    package let modified: Int64

    enum Packing: Sendable, Hashable {
        case none, gzip
        case zip(ZipEntry)
    }

    let packing: Packing
    /// The file on disk, and what it was when it was found.
    let place: String
    let mark: ReadOnlyFile.Mark

    /// Without folder, archive and `.gz`: what tells the series.
    var name: String {
        let name = path.split(whereSeparator: { $0 == "/" || $0 == "!" }).last.map(String.init) ?? path
        return packing == .gzip ? String(name.dropLast(3)) : name
    }

    /// The file on disk has the same place, size and time: what is remembered of its content still holds.
    package var fingerprint: String { "\(mark.device)-\(mark.inode)-\(mark.bytes)-\(mark.modified)" }
}

/// The text of a source, piece by piece, read from its first byte to its last.
package final class ArchiveText {
    /// Bytes that a piece should have room for.
    package static let piece = 256 * 1024

    private enum Reading {
        case plain(at: Int64)
        case gzip(GunzipReader)
        case zip(ZipEntryReader)
    }

    private let source: ArchiveSource
    private let file: ReadOnlyFile
    private var reading: Reading

    /// Opens a source. `limit`: bytes of text that may come.
    package init(_ source: ArchiveSource, limit: Int64 = 16 << 30) throws(ArchiveError) {
        let file = try ReadOnlyFile(source.place, path: source.path)
        guard try file.mark() == source.mark else { throw ArchiveError(path: source.path, cause: .growing) }
        self.source = source
        self.file = file
        reading = try Self.naming(source.path) {
            switch source.packing {
            case .none: return .plain(at: 0)
            case .gzip:
                var at: Int64 = 0
                return .gzip(try GunzipReader(limit: limit) { piece in
                    let count = try file.read(at: at, into: &piece)
                    at += Int64(count)
                    return count
                })
            case .zip(let entry):
                return .zip(try ZipEntryReader(entry, limit: limit) { try file.read(at: $0, into: &$1) })
            }
        }
    }

    /// Fills the front of `piece`, which is not empty, wholly but at the end; how many bytes that were, 0 at the end. Only then is it
    /// known that all of it was right (checksums) and that the file is still what it was: `growing` is thrown in place of 0 else.
    package func read(into piece: inout [UInt8]) throws(ArchiveError) -> Int {
        do throws(ArchiveError) {
            let count = try next(&piece)
            if count == 0, try file.mark() != source.mark { throw ArchiveError(path: source.path, cause: .growing) }
            return count
        } catch {
            // What looks damaged in a file that is being written is that.
            if case .damaged = error.cause, try file.mark() != source.mark { throw ArchiveError(path: source.path, cause: .growing) }
            throw error
        }
    }

    private func next(_ piece: inout [UInt8]) throws(ArchiveError) -> Int {
        switch reading {
        case .plain(let at):
            let count = try file.read(at: at, into: &piece)
            reading = .plain(at: at + Int64(count))
            return count
        case .gzip(let reader): return try Self.naming(source.path) { try reader.read(into: &piece) }
        case .zip(let reader): return try Self.naming(source.path) { try reader.read(into: &piece) }
        }
    }

    /// The errors of unpacking, with the path.
    static func naming<Answer>(_ path: String, _ work: () throws -> Answer) throws(ArchiveError) -> Answer {
        do {
            return try work()
        } catch let error as ArchiveError {
            throw error
        } catch let error as ZipError {
            throw ArchiveError(path: path, cause: .damaged(error.reason.rawValue))
        } catch let error as GzipError {
            throw ArchiveError(path: path, cause: .damaged(error.rawValue))
        } catch {
            throw ArchiveError(path: path, cause: .damaged("\(error)"))
        }
    }
}
