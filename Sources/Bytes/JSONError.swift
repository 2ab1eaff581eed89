/// Why a JSON text was refused, and where: `offset` counts bytes from the start of the text.
package struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: String, Sendable, Hashable {
        case endsEarly = "the text ends inside a value"
        case unexpected = "unexpected byte"
        case byteOrderMark = "a byte order mark is not JSON"
        case trailing = "bytes after the value"
        case tooDeep = "nested too deeply"
        case controlCharacter = "unescaped control character in a string"
        case invalidUTF8 = "invalid UTF-8"
        case badEscape = "unknown escape in a string"
        case loneSurrogate = "a surrogate without its partner"
        case nul = "NUL in a string"
        case badNumber = "malformed number"
        case notObject = "expected an object"
        case notArray = "expected an array"
        case notString = "expected a string"
        case notNumber = "expected a number"
        case notInteger = "expected an integer of 64 bits"
        case notFinite = "number out of range"
        case notBool = "expected true or false"
        case notNull = "expected null"
        case noValue = "no value is due here"
        case duplicateKey = "a key appears twice in one object"
        case tooMany = "too many values"
    }

    package let offset: Int
    package let reason: Reason

    package init(_ reason: Reason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    package var description: String { "\(reason.rawValue) at byte \(offset)" }
}
