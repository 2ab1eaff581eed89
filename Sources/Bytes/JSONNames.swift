/// The members that a caller wants of objects that are all alike: pages of a hundred thousand records are read by it, in one pass each.
package struct JSONNames: Sendable {
    private struct Name {
        let count: Int
        /// Its first eight bytes.
        let head: UInt64
        let bytes: [UInt8]
    }

    private let names: [Name]

    package init(_ names: [String]) {
        self.names = names.map { name in
            let bytes = Array(name.utf8)
            return Name(count: bytes.count, head: WordHash.word(bytes.span.bytes, from: 0, to: bytes.count), bytes: bytes)
        }
    }

    package var count: Int { names.count }

    private func place(_ text: Span<UInt8>, _ range: Range<Int>) -> Int? {
        let count = range.count
        let head = WordHash.word(text.bytes, from: range.lowerBound, to: range.upperBound)
        for place in names.indices where names[place].head == head && names[place].count == count {
            var index = 8
            while index < count, names[place].bytes[index] == text[range.lowerBound + index] { index += 1 }
            if index >= count { return place }
        }
        return nil
    }

    /// Walks the object whose brace is at `start`; answers the offset after it. `depth` counts it.
    func scan(_ text: Span<UInt8>, from start: Int, depth: Int, into found: inout [JSONMember]) throws(JSONError) -> Int {
        for place in found.indices { found[place] = .absent }
        var index = JSONScan.space(text, from: start + 1)
        if index < text.count, text[index] == UInt8(ascii: "}") { return index + 1 }
        while true {
            let name = try JSONScan.name(text, from: index)
            let place = name.escaped ? escaped(text, index + 1..<name.end) : place(text, index + 1..<name.end)
            let from = try JSONScan.colon(text, after: name.end)
            if from < text.count, text[from] == UInt8(ascii: "\"") {
                let (end, escaped) = try JSONScan.string(text, from: from + 1)
                if let place { found[place] = JSONMember(start: from, end: end + 1, kind: escaped ? .escaped : .string) }
                index = end + 1
            } else {
                let end = try JSONScan.value(text, from: from, depth: depth)
                if let place { found[place] = JSONMember(start: from, end: end, kind: .other) }
                index = end
            }
            index = JSONScan.space(text, from: index)
            guard index < text.count else { throw JSONError(.endsEarly, at: index) }
            if text[index] == UInt8(ascii: "}") { return index + 1 }
            guard text[index] == UInt8(ascii: ",") else { throw JSONError(.unexpected, at: index) }
            index = JSONScan.space(text, from: index + 1)
        }
    }

    private func escaped(_ text: Span<UInt8>, _ range: Range<Int>) -> Int? {
        let resolved = JSONText.resolve(text, in: range)
        return place(resolved.span, 0..<resolved.count)
    }
}

/// Where a member's value stands in the text.
package struct JSONMember: Sendable, Equatable {
    package enum Kind: Sendable {
        /// The object has no such member.
        case absent
        case string
        /// A string that holds escapes.
        case escaped
        case other
    }

    /// Of a string, its quotes.
    package let start: Int
    package let end: Int
    package let kind: Kind

    package static let absent = JSONMember(start: 0, end: 0, kind: .absent)

    package var range: Range<Int> { start..<end }
    package var isString: Bool { kind == .string || kind == .escaped }

    /// A string's bytes, resolved; nil for any other value.
    package func text(in bytes: [UInt8]) -> ArraySlice<UInt8>? {
        switch kind {
        case .string: bytes[start + 1..<end - 1]
        case .escaped: JSONText.resolve(bytes.span, in: start + 1..<end - 1)[...]
        case .absent, .other: nil
        }
    }
}
