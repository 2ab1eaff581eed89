import Testing
import TestSupport

@testable import Bytes

@Suite struct JSONReaderTests {
    static let page = """
        {"data":[{"node":"NORTH_220","price":51.2500,"hour":"2025-04-05 13:00","flag":true,"extra":{"a":[1,2,{"b":null}]}},
        {"node":"caf\\u00e9 \\ud83d\\ude00\\n","price":-0.5e-3,"hour":"","flag":false,"extra":[]}],"page":7,"next":null}
        """

    struct Row: Equatable {
        var node = ""
        var price = ""
        var flag = false
    }

    static func read(_ text: [UInt8]) throws(JSONError) -> (rows: [Row], page: Int64) {
        var rows: [Row] = []
        var page: Int64 = 0
        var reader = try JSONReader(text)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "data":
                try reader.beginArray()
                while try reader.nextElement() { rows.append(try row(&reader)) }
            case "page": page = try reader.int()
            default: try reader.skip()
            }
        }
        try reader.end()
        return (rows, page)
    }

    static func row(_ reader: inout JSONReader) throws(JSONError) -> Row {
        var row = Row()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "node": row.node = try reader.string()
            case "price": row.price = String(decoding: try reader.numberText(), as: UTF8.self)
            case "flag": row.flag = try reader.bool()
            default: break
            }
        }
        return row
    }

    /// Walks the text without looking at anything.
    static func check(_ text: [UInt8]) throws(JSONError) {
        var reader = try JSONReader(text)
        try reader.end()
    }

    @Test func walksAPage() throws {
        let (rows, page) = try Self.read(Array(Self.page.utf8))
        #expect(page == 7)
        #expect(rows == [Row(node: "NORTH_220", price: "51.2500", flag: true), Row(node: "café 😀\n", price: "-0.5e-3", flag: false)])
    }

    @Test func everyTruncationIsAnError() {
        let whole = Array(Self.page.utf8)
        for length in 0..<whole.count {
            let piece = Array(whole[..<length])
            #expect(throws: JSONError.self, "cut at \(length)") { try Self.read(piece) }
            #expect(throws: JSONError.self, "cut at \(length)") { try JSONValue(parsing: piece) }
            var reader = try? JSONReader(piece)
            #expect(throws: JSONError.self, "cut at \(length)") { try reader?.end() }
        }
    }

    @Test(arguments: [
        ("", .endsEarly), ("  ", .endsEarly), ("{", .endsEarly), ("[1,]", .unexpected), ("{\"a\":1,}", .unexpected), ("{a:1}", .unexpected),
        ("[1 2]", .unexpected), ("{\"a\" 1}", .unexpected), ("[1}", .unexpected), ("{\"a\":1]", .unexpected), ("nul", .endsEarly),
        ("nulL", .unexpected), ("truex", .trailing), ("1 2", .trailing), ("{}{}", .trailing), ("[]\0", .trailing), ("01", .badNumber),
        ("-", .endsEarly), ("-a", .badNumber), ("1.", .endsEarly), (".5", .unexpected), ("+1", .unexpected), ("1.e5", .badNumber),
        ("1e", .endsEarly), ("1e+", .endsEarly), ("-01", .badNumber), ("0x10", .trailing), ("NaN", .unexpected), ("Infinity", .unexpected),
        ("'a'", .unexpected), ("\"a", .endsEarly), ("\"\\", .endsEarly), ("\"\\x\"", .badEscape), ("\"\\u12G4\"", .badEscape),
        ("\"\\u12", .endsEarly), ("\"a\nb\"", .controlCharacter), ("\"a\tb\"", .controlCharacter), ("\"\u{0}\"", .nul),
        ("\"\\u0000\"", .nul), ("\"\\ud800\"", .loneSurrogate), ("\"\\ud800\\n\"", .loneSurrogate), ("\"\\udc00\"", .loneSurrogate),
        ("\"\\ud800\\ud800\"", .loneSurrogate), ("\u{FEFF}{}", .byteOrderMark), ("\u{FEFF}", .byteOrderMark), ("//x\n1", .unexpected),
        ("\"12345678\u{1}\"", .controlCharacter), ("[1,,2]", .unexpected), ("[,1]", .unexpected), ("{,}", .unexpected),
    ] as [(String, JSONError.Reason)])
    func refuses(text: String, reason: JSONError.Reason) {
        let bytes = Array(text.utf8)
        let skipped = #expect(throws: JSONError.self) { try Self.check(bytes) }
        #expect(skipped?.reason == reason)
        let parsed = #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
        #expect(parsed?.reason == reason)
    }

    @Test(arguments: [
        [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80],
        [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xE2, 0x82], [0xC3, 0x28], [0xE9],
    ] as [[UInt8]])
    func refusesBadUTF8(sequence: [UInt8]) {
        for padding in 0..<9 {
            let bytes = Array("\"".utf8) + [UInt8](repeating: 0x61, count: padding) + sequence + Array("\"".utf8)
            let failure = #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
            #expect(failure == JSONError(.invalidUTF8, at: 1 + padding))
        }
    }

    @Test func utf8AgreesWithTheStandardLibrary() {
        for seed in 0..<2_000 as Range<UInt64> {
            var random = Seeded(seed, isTold: false)
            let leads: [UInt8] = [
                0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF3, 0xF4, 0xF5,
            ]
            let bytes = (0..<Int.random(in: 1...6, using: &random)).map { _ in leads.randomElement(using: &random)! }
            let valid = String(validating: bytes, as: UTF8.self) != nil
            #expect((UTF8Check.firstFault(bytes.span, in: 0..<bytes.count) == nil) == valid, "seed \(seed): \(bytes)")
        }
    }

    @Test func depthIsBounded() throws {
        func nested(_ depth: Int) -> [UInt8] { Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8) }
        _ = try JSONValue(parsing: nested(64))
        #expect(throws: JSONError(.tooDeep, at: 64)) { try JSONValue(parsing: nested(65)) }
        #expect(throws: JSONError(.tooDeep, at: 64)) {
            var reader = try JSONReader(nested(100_000))
            try reader.skip()
        }
        // Half by hand, half by skipping: the two count together.
        var reader = try JSONReader(nested(65))
        for _ in 0..<30 {
            try reader.beginArray()
            #expect(try reader.nextElement())
        }
        #expect(throws: JSONError(.tooDeep, at: 64)) { try reader.skip() }
    }

    @Test func valuesOfTheWrongKindAreNamed() throws {
        func reader() throws -> JSONReader { try JSONReader(Array(#" "51" "#.utf8)) }
        var at = try reader()
        #expect(throws: JSONError(.notNumber, at: 1)) { try at.numberText() }
        #expect(throws: JSONError(.notObject, at: 1)) { try at.beginObject() }
        #expect(throws: JSONError(.notArray, at: 1)) { try at.beginArray() }
        #expect(throws: JSONError(.notBool, at: 1)) { try at.bool() }
        #expect(throws: JSONError(.notNull, at: 1)) { try at.null() }
        #expect(try !at.nullIfPresent())
        #expect(try at.string() == "51")
        #expect(throws: JSONError(.noValue, at: 5)) { try at.string() }
        try at.end()
        var big = try JSONReader(Array("[9223372036854775808,1.0,1e400,-9223372036854775808,2.5]".utf8))
        try big.beginArray()
        #expect(try big.nextElement())
        #expect(throws: JSONError(.notInteger, at: 1)) { try big.int() }
        big = try JSONReader(Array("[1e400]".utf8))
        try big.beginArray()
        #expect(try big.nextElement())
        #expect(throws: JSONError(.notFinite, at: 1)) { try big.double() }
    }

    @Test func unreadValuesAreSkippedButChecked() throws {
        var reader = try JSONReader(Array(#"[{"a":[1,{"b":2}],"c":3},[],4]"#.utf8))
        try reader.beginArray()
        var count = 0
        while try reader.nextElement() { count += 1 }
        try reader.end()
        #expect(count == 3)
        var bad = try JSONReader(Array(#"[{"a":tru},1]"#.utf8))
        try bad.beginArray()
        #expect(try bad.nextElement())
        #expect(throws: JSONError(.unexpected, at: 9)) { try bad.nextElement() }
    }

    @Test func keysCompareByTheirMeaning() throws {
        var reader = try JSONReader(Array(#"{"n\u006fde":1,"":2,"node2":3}"#.utf8))
        try reader.beginObject()
        var seen: [String] = []
        while let key = try reader.nextKey() {
            switch key {
            case "node": seen.append("node")
            case "": seen.append("empty")
            default: seen.append("other " + key.description)
            }
        }
        #expect(seen == ["node", "empty", "other node2"])
    }

    @Test func rawGivesTheValueAsWritten() throws {
        var reader = try JSONReader(Array(#"{"a": {"b" : 1.50} , "c":"x\ty", "d":"plain"}"#.utf8))
        try reader.beginObject()
        _ = try reader.nextKey()
        #expect(String(decoding: try reader.raw(), as: UTF8.self) == #"{"b" : 1.50}"#)
        _ = try reader.nextKey()
        #expect(String(decoding: try reader.stringBytes(), as: UTF8.self) == "x\ty")
        _ = try reader.nextKey()
        #expect(String(decoding: try reader.stringBytes(), as: UTF8.self) == "plain")
        let last = try reader.nextKey()
        #expect(last == nil)
        try reader.end()
    }

    @Test func randomBytesNeverCrash() {
        let alphabet = Array("{}[]\":,\\u0123456789abdDeE+-. \n\ttrufalsn".utf8) + [0, 0xC3, 0xA9, 0xED, 0xF0, 0xFF]
        for seed in 0..<20_000 as Range<UInt64> {
            var random = Seeded(seed, isTold: false)
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in alphabet.randomElement(using: &random)! }
            let skipped = (try? Self.check(bytes)) != nil
            // Both walks know the same grammar; the tree alone minds duplicate keys.
            do throws(JSONError) {
                _ = try JSONValue(parsing: bytes)
                #expect(skipped, "seed \(seed)")
            } catch {
                #expect(!skipped || error.reason == .duplicateKey, "seed \(seed)")
            }
        }
    }

    @Test func mutatedPagesNeverCrash() {
        let whole = Array(Self.page.utf8)
        for seed in 0..<5_000 as Range<UInt64> {
            var random = Seeded(seed, isTold: false)
            var bytes = whole
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            guard let read = try? Self.read(bytes) else { continue }
            #expect(read.rows.count <= 3, "seed \(seed)")
        }
    }
}
