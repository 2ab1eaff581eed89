import Foundation
import Testing

@testable import Codec

@Suite struct TextTests {
    @Test func hex() {
        #expect(Hex.encode([0, 0x0F, 0xA5, 0xFF]) == "000fa5ff")
        #expect(Hex.decode("000fA5Ff") == [0, 0x0F, 0xA5, 0xFF])
        for text in ["0", "0g", "0x00", " 00", "é0"] { #expect(Hex.decode(text) == nil, "\(text)") }
    }

    @Test func base64AgreesWithFoundation() throws {
        for count in 0..<200 {
            let bytes = try randomBytes(count)
            let theirs = Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
            #expect(Base64URL.encode(bytes) == theirs)
            #expect(Base64URL.decode(theirs) == bytes)
        }
    }

    /// `QQ` is "A"; `QR` would be too, were the spare bits not looked at.
    @Test(arguments: ["A", "AAAAA", "QR", "QUJ", "QQ==", "Q+", "Q/", "Q Q", "é"])
    func base64Refuses(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }
}
