import Testing
import TestSupport

@testable import Bytes

@Suite struct NumberTextTests {
    @Test func integers() {
        func int(_ text: String) -> Int64? { NumberText.int(Array(text.utf8)[...]) }
        #expect(int("9223372036854775807") == .max)
        #expect(int("-9223372036854775808") == .min)
        #expect(int("-0") == 0)
        #expect(int("000000000000000000000000012") == 12)
        for text in ["", "-", "+1", " 1", "1 ", "1.0", "1e3", "9223372036854775808", "-9223372036854775809", "99999999999999999999", "٣"] {
            #expect(int(text) == nil, "\(text)")
        }
        for seed in 0..<2_000 as Range<UInt64> {
            var random = Seeded(seed, isTold: false)
            let value = Int64.random(in: .min ... .max, using: &random) >> Int64.random(in: 0...63, using: &random)
            var out: [UInt8] = []
            NumberText.append(value, to: &out)
            #expect(String(decoding: out, as: UTF8.self) == String(value), "seed \(seed)")
            #expect(NumberText.int(out[...]) == value, "seed \(seed)")
        }
    }

    @Test func padding() {
        func padded(_ value: Int, _ width: Int) -> String {
            var out: [UInt8] = []
            NumberText.append(value, width: width, to: &out)
            return String(decoding: out, as: UTF8.self)
        }
        #expect(padded(0, 2) == "00")
        #expect(padded(9, 2) == "09")
        #expect(padded(10, 2) == "10")
        #expect(padded(100, 2) == "100")
        #expect(padded(99, 4) == "0099")
        #expect(padded(1999, 4) == "1999")
    }

    @Test func doublesAgreeWithTheStandardLibrary() {
        for seed in 0..<20_000 as Range<UInt64> {
            var random = Seeded(seed, isTold: false)
            var text = Bool.random(using: &random) ? "-" : ""
            text += String(UInt64.random(in: 0...(.max), using: &random) >> UInt64.random(in: 0...63, using: &random))
            if Bool.random(using: &random) {
                text += "."
                for _ in 0..<Int.random(in: 1...25, using: &random) { text += String(Int.random(in: 0...9, using: &random)) }
            }
            if Int.random(in: 0...3, using: &random) == 0 { text += "e" + String(Int.random(in: -330...310, using: &random)) }
            let expected = Double(text).flatMap { $0.isFinite ? $0 : nil }
            #expect(NumberText.double(Array(text.utf8)[...])?.bitPattern == expected?.bitPattern, "seed \(seed): \(text)")
        }
        for text in ["", "-", ".5", "1.", "01", "+1", "inf", "nan", "0x1p3", "1e400", " 1"] {
            #expect(NumberText.double(Array(text.utf8)[...]) == nil, "\(text)")
        }
    }
}
