/// Unpacks one entry of a ZIP archive piece by piece. Size and checksum are compared with the directory's at its end: until `read` has
/// answered 0, what came is not yet known to be right.
package final class ZipEntryReader {
    private let entry: ZipEntry
    private let source: ZipDirectory.PositionalRead
    private let inflater: Inflater?
    private var input: [UInt8]
    private var range = 0..<0
    /// Where the packed data go on, and how many of them are still to be read.
    private var offset: Int64
    private var packedLeft: Int64
    private var left: Int64
    private var checksum = CRC32()
    private var isEnd = false

    /// - Parameter limit: bytes that may come of it.
    /// Throws `ZipError`, and what the source throws.
    package init(_ entry: ZipEntry, limit: Int64, source: @escaping ZipDirectory.PositionalRead) throws {
        func refusal(_ reason: ZipError.Reason) -> ZipError { ZipError(reason, entry: entry.name) }
        if let reason = entry.refusal { throw refusal(reason) }
        guard entry.bytes <= limit else { throw refusal(.overLimit) }
        // Of the local header only its lengths are needed, and that it is this entry's: sizes may stand behind the data.
        let nameEnd = entry.header + 30 + Int64(entry.nameBytes.count)
        let header = try ZipDirectory.bytes(entry.header..<nameEnd, source)
        let fields = ZipFields(header[...])
        guard fields.u32(0) == 0x0403_4B50, fields.u16(26) == entry.nameBytes.count, header[30...].elementsEqual(entry.nameBytes),
            fields.u16(8) == (entry.isDeflated ? 8 : 0)
        else { throw refusal(.headerDiffers) }
        offset = nameEnd + Int64(fields.u16(28))
        guard entry.packedBytes <= entry.end - offset else { throw refusal(.overlapping) }
        do throws(GzipError) {
            inflater = entry.isDeflated ? try Inflater(.bare) : nil
        } catch {
            throw refusal(.outOfMemory)
        }
        self.entry = entry
        self.source = source
        packedLeft = entry.packedBytes
        left = entry.bytes
        input = [UInt8](repeating: 0, count: max(1, min(64 * 1024, Int(clamping: entry.packedBytes))))
    }

    /// Fills the front of `output`, which is not empty, wholly but at the end; how many bytes that were, 0 at the end. Throws
    /// `ZipError`, and what the source throws; nothing may be read afterwards.
    package func read(into output: inout [UInt8]) throws -> Int {
        var made = 0
        while made < output.count, !isEnd {
            if range.isEmpty, packedLeft > 0 { try fill() }
            let step = try step(into: &output, from: made)
            range = range.lowerBound + step.taken..<range.upperBound
            left -= Int64(step.made)
            guard left >= 0 else { throw failure(.sizeDiffers) }
            made += step.made
            isEnd = step.isEnd
            if !isEnd, step.taken == 0, step.made == 0, packedLeft == 0 { throw failure(.endsEarly) }
        }
        checksum.update(output, count: made)
        if isEnd {
            guard left == 0, packedLeft == 0, range.isEmpty else { throw failure(.sizeDiffers) }
            guard checksum.value == entry.checksum else { throw failure(.checksumDiffers) }
        }
        return made
    }

    private func fill() throws {
        let count = Int64(try source(offset, &input))
        guard count > 0 else { throw failure(.endsEarly) }
        let taken = min(count, packedLeft)
        range = 0..<Int(taken)
        offset += taken
        packedLeft -= taken
    }

    private func step(into output: inout [UInt8], from: Int) throws(ZipError) -> Inflater.Step {
        guard let inflater else {
            let count = min(range.count, output.count - from)
            output.replaceSubrange(from..<from + count, with: input[range.prefix(count)])
            return Inflater.Step(taken: count, made: count, isEnd: count == range.count && packedLeft == 0)
        }
        do throws(GzipError) {
            return try inflater.step(input, range, into: &output, from: from)
        } catch {
            throw failure(error == .outOfMemory ? .outOfMemory : .damaged)
        }
    }

    private func failure(_ reason: ZipError.Reason) -> ZipError { ZipError(reason, entry: entry.name) }
}
