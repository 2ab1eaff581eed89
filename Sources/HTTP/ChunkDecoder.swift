/// Takes a chunked body apart (RFC 9112, section 7.1) in pieces of any size. Extensions and trailers are read, bounded
/// and dropped: nothing here acts on them.
struct ChunkDecoder {
    enum Outcome: Equatable {
        case needMore
        case complete
        case bad(Refusal)
    }

    private enum Place { case size, sizeRest, extensions, sizeLF, data, dataCR, dataLF, trailer, trailerLine, trailerLF, endLF, done }

    private let limits: Limits
    private let limit: Int
    private var place = Place.size
    private var left = 0
    private var digits = 0
    private var extensionBytes = 0
    private var allExtensionBytes = 0
    private var trailerBytes = 0
    private var trailerHasColon = false

    /// `limit`: of the decoded body.
    init(limits: Limits, limit: Int) {
        self.limits = limits
        self.limit = limit
    }

    /// Decodes from `bytes`, appending to `body`; how many bytes were taken, and what that came to.
    mutating func decode(_ bytes: UnsafeBufferPointer<UInt8>, into body: inout [UInt8]) -> (taken: Int, outcome: Outcome) {
        var i = 0
        do throws(Refusal) {
            while i < bytes.count {
                if place == .data {
                    let count = min(left, bytes.count - i)
                    body.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[i..<i + count]))
                    i += count
                    left -= count
                    if left == 0 { place = .dataCR }
                    continue
                }
                try step(bytes[i], held: body.count)
                i += 1
                if place == .done { return (i, .complete) }
            }
        } catch {
            return (i, .bad(error))
        }
        return (i, .needMore)
    }

    private mutating func step(_ byte: UInt8, held: Int) throws(Refusal) {
        switch place {
        case .size, .sizeRest: try size(byte, held: held)
        case .extensions:
            if byte == 0x0D {
                place = .sizeLF
                return
            }
            extensionBytes += 1
            allExtensionBytes += 1
            if !Grammar.isValue(byte) || extensionBytes > limits.chunkExtension || allExtensionBytes > limits.chunkExtensions {
                throw Refusal(400, "A chunk's extension is malformed or too long.")
            }
        case .sizeLF:
            try expect(byte, 0x0A)
            place = left > 0 ? .data : .trailer
            digits = 0
            extensionBytes = 0
        case .dataCR:
            try expect(byte, 0x0D)
            place = .dataLF
        case .dataLF:
            try expect(byte, 0x0A)
            place = .size
        case .trailer, .trailerLine, .trailerLF: try trailer(byte)
        case .endLF:
            try expect(byte, 0x0A)
            place = .done
        case .data, .done: break
        }
    }

    private mutating func size(_ byte: UInt8, held: Int) throws(Refusal) {
        if let digit = Grammar.hex(byte) {
            digits += 1
            if digits > 15 { throw Refusal(400, "A chunk's size is beyond any body.") }
            left = left << 4 | Int(digit)
            place = .sizeRest
            return
        }
        if place == .size { throw Refusal(400, "A chunk's size is no number.") }
        if left > limit - held { throw Refusal(413, "The body is longer than this resource takes.") }
        switch byte {
        case 0x0D: place = .sizeLF
        // Space before the extension's semicolon is "bad whitespace", which a strict reader need not take.
        case UInt8(ascii: ";"): place = .extensions
        default: throw Refusal(400, "A chunk's size is no number.")
        }
    }

    private mutating func trailer(_ byte: UInt8) throws(Refusal) {
        trailerBytes += 1
        if trailerBytes > limits.trailers { throw Refusal(431, "The trailer section is too long.") }
        switch place {
        case .trailer:
            if byte == 0x0D {
                place = .endLF
            } else if Grammar.isToken(byte) {
                trailerHasColon = false
                place = .trailerLine
            } else {
                throw Refusal(400, "A trailer field is malformed.")
            }
        case .trailerLine:
            if byte == 0x0D && trailerHasColon {
                place = .trailerLF
            } else if !trailerHasColon && byte == UInt8(ascii: ":") {
                trailerHasColon = true
            } else if trailerHasColon ? !Grammar.isValue(byte) : !Grammar.isToken(byte) {
                throw Refusal(400, "A trailer field is malformed.")
            }
        default:
            try expect(byte, 0x0A)
            place = .trailer
        }
    }

    private func expect(_ byte: UInt8, _ wanted: UInt8) throws(Refusal) {
        if byte != wanted { throw Refusal(400, "A chunk is malformed.") }
    }
}
