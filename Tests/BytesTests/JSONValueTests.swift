import Testing
import TestSupport

@testable import Bytes

@Suite struct JSONValueTests {
    static func random(_ random: inout Seeded, depth: Int) -> JSONValue {
        switch Int.random(in: 0...(depth == 0 ? 3 : 5), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .number(["0", "-1", "1.50", "1e400", "-0.0", "9223372036854775808"].randomElement(using: &random)!)
        case 3: return .string(text(&random))
        case 4: return .array((0..<Int.random(in: 0...4, using: &random)).map { _ in Self.random(&random, depth: depth - 1) })
        default:
            let count = Int.random(in: 0...4, using: &random)
            return .object((0..<count).map { ("\($0)" + text(&random), Self.random(&random, depth: depth - 1)) })
        }
    }

    static func text(_ random: inout Seeded) -> String {
        let scalars: [Unicode.Scalar] = [
            "a", "\"", "\\", "/", "\n", "\u{1}", "\u{1F}", "\u{7F}", "é", "\u{2028}", "\u{FFFF}", "😀", "\u{301}",
        ]
        var out = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...12, using: &random) { out.append(scalars.randomElement(using: &random)!) }
        return String(out)
    }

    @Test func whatIsWrittenReadsBack() throws {
        for seed in 0..<3_000 as Range<UInt64> {
            var random = Seeded(seed, isTold: false)
            let value = Self.random(&random, depth: 4)
            #expect(try JSONValue(parsing: value.bytes) == value, "seed \(seed)")
        }
    }

    @Test func duplicateKeysAndTooManyValuesAreRefused() {
        func refusal(_ text: String, limit: Int = 100) -> JSONError.Reason? {
            #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.utf8), limit: limit) }?.reason
        }
        #expect(refusal(#"{"a":1,"a":2}"#) == .duplicateKey)
        #expect(refusal(#"{"a":1,"\u0061":2}"#) == .duplicateKey)
        #expect(refusal("[1,2,3]", limit: 3) == .tooMany)
        #expect((try? JSONValue(parsing: Array("[1,2,3]".utf8), limit: 4)) != nil)
    }

    @Test func accessors() throws {
        let value = try JSONValue(parsing: Array(#"{"a":[1,2.5,"x",true,null],"b":{"c":-7}}"#.utf8))
        #expect(value["a"]?.array?.count == 5)
        #expect(value["a"]?.array?[0].int == 1)
        #expect(value["a"]?.array?[1].int == nil)
        #expect(value["a"]?.array?[1].double == 2.5)
        #expect(value["a"]?.array?[2].string == "x")
        #expect(value["a"]?.array?[3].bool == true)
        #expect(value["a"]?.array?[4].isNull == true)
        #expect(value["b"]?["c"]?.int == -7)
        let whole: [(String, Int64?)] = [
            ("2", 2), ("2.0", 2), ("2e3", 2000), ("-0.0", 0), ("2.5", nil), ("1e300", nil), ("\"2\"", nil),
        ]
        for (text, whole) in whole {
            #expect(try JSONValue(parsing: Array(text.utf8)).wholeNumber == whole, "\(text)")
        }
        #expect(value["z"] == nil)
        #expect(value["b"]?.object?.map(\.0) == ["c"])
    }

    @Test func theWriterPlacesCommasAndEscapes() {
        var json = JSONWriter()
        json.beginObject()
        json.key("a\"b")
        json.beginArray()
        json.int(Int64.min)
        json.int(0)
        json.double(0.1)
        json.double(.infinity)
        json.number("1.50".utf8)
        json.bool(false)
        json.null()
        json.endArray()
        json.key("empty")
        json.beginObject()
        json.endObject()
        json.key("text")
        json.string("\u{8}\u{C}\n\r\t\u{1}\\é</script>")
        json.key("bytes")
        json.string(Array("x\"y".utf8)[1...])
        json.key("at")
        json.timestamp(1_764_558_000, offset: -10_800)
        json.key("raw")
        json.raw("[1]".utf8)
        json.endObject()
        let expected =
            #"{"a\"b":[-9223372036854775808,0,0.1,null,1.50,false,null],"empty":{},"#
            + #""text":"\b\f\n\r\t\u0001\\é</script>","bytes":"\"y","at":"2025-12-01T00:00:00-03:00","raw":[1]}"#
        #expect(String(decoding: json.bytes, as: UTF8.self) == expected)
    }
}
