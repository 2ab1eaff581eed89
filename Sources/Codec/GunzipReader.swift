/// Takes pieces of gzip data and gives pieces of what is packed in them: one member or several on end (RFC 1952 section 2.2), each
/// with its checksum compared. What follows the last member must be another: other bytes are an error, not padding.
package final class GunzipReader {
    /// Fills the front of the array it is given; how many bytes that were, 0 at the end.
    package typealias Source = (inout [UInt8]) throws -> Int

    private let source: Source
    private let limit: Int64
    private let inflater: Inflater
    private var input = [UInt8](repeating: 0, count: 64 * 1024)
    private var range = 0..<0
    private var isSourceAtEnd = false
    private var isBetweenMembers = false
    private var total: Int64 = 0

    /// - Parameter limit: bytes that may come of it; more throw `overLimit`.
    package init(limit: Int64, source: @escaping Source) throws(GzipError) {
        self.limit = limit
        self.source = source
        inflater = try Inflater(.gzip)
    }

    /// Fills the front of `output`, which is not empty, wholly but at the end; how many bytes that were, 0 at the end. Throws
    /// `GzipError`, and what the source throws; nothing may be read afterwards.
    package func read(into output: inout [UInt8]) throws -> Int {
        var made = 0
        while made < output.count {
            if range.isEmpty, !isSourceAtEnd {
                range = 0..<(try source(&input))
                isSourceAtEnd = range.isEmpty
            }
            if isBetweenMembers {
                if range.isEmpty { break }
                try inflater.restart()
                isBetweenMembers = false
            }
            let step = try inflater.step(input, range, into: &output, from: made)
            range = range.lowerBound + step.taken..<range.upperBound
            made += step.made
            total += Int64(step.made)
            guard total <= limit else { throw GzipError.overLimit }
            isBetweenMembers = step.isEnd
            if !step.isEnd, step.taken == 0, step.made == 0, isSourceAtEnd { throw GzipError.endsEarly }
        }
        return made
    }
}
