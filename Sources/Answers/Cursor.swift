internal import Codec

/// A place in a list: what was given last, and the question that it belongs to. Opaque to clients, and of no use with another
/// question: the place would mean something else there.
struct Cursor: Equatable {
    /// Numbers of the last entry, in the order that the list is sorted by.
    let place: [Int64]

    private static let form: UInt8 = 1

    init(place: [Int64]) { self.place = place }

    func text(seal: [UInt8]) -> String {
        var bytes = [Cursor.form] + seal
        for number in place { withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) } }
        return Base64URL.encode(bytes)
    }

    /// Throws `.badCursor` for anything but a text made for a question with this seal and of `numbers` numbers.
    init(_ text: String, seal: [UInt8], numbers: Int) throws(AnswerError) {
        let head = [Cursor.form] + seal
        guard text.utf8.count <= 128, let bytes = Base64URL.decode(text), bytes.count == head.count + numbers * 8,
            bytes.starts(with: head)
        else { throw .badCursor }
        place = (0..<numbers).map { index in
            let start = head.count + index * 8
            return Int64(bitPattern: bytes[start..<start + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        }
    }
}
