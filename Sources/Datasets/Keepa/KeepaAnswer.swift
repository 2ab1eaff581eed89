internal import Bytes
internal import Series

/// An answer of `GET /product`: products in any order, and when it was made. A product is read where it stands; nothing is made of what is
/// of no use, for a hundred products with their histories may be 60 MB.
struct KeepaAnswer {
    struct Entry {
        let product: KeepaProduct
        /// The product's object in the body.
        let place: Range<Int>
    }

    /// Of Keepa's clock, seconds since 1970.
    private(set) var instant: Int64?
    private(set) var entries: [Entry] = []
    /// Elements that are no product, or name none.
    private(set) var nameless = 0
    /// As it was read.
    private(set) var body: [UInt8] = []

    private var hasProducts = false
    private var error: String?

    /// - Throws: what is not such an answer, or is not whole.
    init(_ body: [UInt8], withHistory: Bool) throws(AnswerDefect) {
        do throws(JSONError) { try read(body, withHistory) } catch {
            // Titles are cut by others, some of them within a character.
            guard error.reason == .loneSurrogate || error.reason == .nul else { throw Self.defect(error) }
            (entries, nameless, hasProducts, self.error) = ([], 0, false, nil)
            do throws(JSONError) { try read(MendedJSON.bytes(body), withHistory) } catch { throw Self.defect(error) }
        }
        if let error { throw KeepaErrors.defect(error) }
        guard hasProducts else { throw AnswerDefect(.malformed, "expected products: there are none, and no word of an error") }
        if !entries.isEmpty || nameless == 0 { return }
        throw AnswerDefect(.malformed, "expected products: none of \(nameless) elements names its ASIN")
    }

    private static func defect(_ error: JSONError) -> AnswerDefect { AnswerDefect(.malformed, "expected products: \(error)") }

    /// What was sent of a product, as far as it is kept.
    func text(of entry: Entry) -> String {
        String(decoding: body[entry.place].prefix(QuarantinedRecord.bytesMax + 1), as: UTF8.self)
    }

    private mutating func read(_ text: [UInt8], _ withHistory: Bool) throws(JSONError) {
        body = text
        var reader = try JSONReader(text)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "timestamp":
                if try reader.peek() == .number {
                    instant = NumberText.int(try reader.numberText()).flatMap { $0 > 0 ? $0 / 1000 : nil }
                }
            case "error": error = try Self.error(&reader) ?? error
            case "products":
                if hasProducts { throw JSONError(.duplicateKey, at: reader.offset) }
                hasProducts = true
                // Where no product is known there may be null for a list.
                if try reader.nullIfPresent() { continue }
                try reader.beginArray()
                while try reader.nextElement() { try readElement(&reader, withHistory) }
            default: try reader.skip()
            }
        }
        try reader.end()
    }

    private mutating func readElement(_ reader: inout JSONReader, _ withHistory: Bool) throws(JSONError) {
        guard try reader.peek() == .object else {
            try reader.skip()
            nameless += 1
            return
        }
        let start = reader.offset
        let product = try KeepaProduct.read(&reader, withHistory: withHistory)
        if product.asin == nil { nameless += 1 } else { entries.append(Entry(product: product, place: start..<reader.offset)) }
    }

    /// The word of an error; nil where there is none.
    private static func error(_ reader: inout JSONReader) throws(JSONError) -> String? {
        if try reader.nullIfPresent() { return nil }
        guard try reader.peek() == .object else {
            try reader.skip()
            return ""
        }
        var type = ""
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if key == "type", try reader.peek() == .string { type = try reader.string() }
        }
        return type
    }
}
