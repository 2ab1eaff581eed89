/// Percent escapes (RFC 3986, section 2.1), already checked by the head's parser.
enum Escapes {
    static func undo(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var plain: [UInt8] = []
        plain.reserveCapacity(bytes.count)
        var i = bytes.startIndex
        while i < bytes.endIndex {
            if bytes[i] == UInt8(ascii: "%"), i + 2 < bytes.endIndex,
                let high = Grammar.hex(bytes[i + 1]), let low = Grammar.hex(bytes[i + 2]) {
                plain.append(high << 4 | low)
                i += 3
            } else {
                plain.append(bytes[i])
                i += 1
            }
        }
        return plain
    }

    static func pairs(_ query: ArraySlice<UInt8>) -> [QueryPair] {
        query.split(separator: UInt8(ascii: "&")).map { pair in
            let equals = pair.firstIndex(of: UInt8(ascii: "="))
            let name = pair[..<(equals ?? pair.endIndex)]
            let value = equals.map { pair[($0 + 1)...] } ?? []
            return QueryPair(String(decoding: undo(name), as: UTF8.self), String(decoding: undo(value), as: UTF8.self))
        }
    }
}
