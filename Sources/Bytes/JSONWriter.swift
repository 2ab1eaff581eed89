/// Appends compact JSON to bytes. Commas are its duty; that begins and ends match, and that keys stand in objects, is the caller's.
///
///     var json = JSONWriter()
///     json.beginObject()
///     json.key("slots")
///     json.int(24)
///     json.endObject()
///     send(json.bytes)
package struct JSONWriter: Sendable {
    package private(set) var bytes: [UInt8]
    /// A value stands before this place in the same container.
    private var comma = false

    /// `capacity` bytes are reserved at once, for answers whose size is about known.
    package init(capacity: Int = 256) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    package mutating func beginObject() { open(UInt8(ascii: "{")) }
    package mutating func endObject() { close(UInt8(ascii: "}")) }
    package mutating func beginArray() { open(UInt8(ascii: "[")) }
    package mutating func endArray() { close(UInt8(ascii: "]")) }

    package mutating func key(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        comma = false
    }

    package mutating func string(_ text: String) {
        separate()
        var text = text
        text.withUTF8 { JSONText.quote($0, to: &bytes) }
    }

    /// A string from bytes that are known to be UTF-8.
    package mutating func string(_ text: ArraySlice<UInt8>) {
        separate()
        text.withUnsafeBufferPointer { JSONText.quote($0, to: &bytes) }
    }

    /// An instant as an RFC 3339 string; `offset` in seconds east of UTC.
    package mutating func timestamp(_ seconds: Int64, offset: Int = 0) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        Timestamp.append(seconds, offset: offset, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    package mutating func int(_ value: Int64) {
        separate()
        NumberText.append(value, to: &bytes)
    }

    package mutating func int(_ value: Int) { int(Int64(value)) }

    /// The shortest text that reads back as the same double; JSON knows no infinity and no NaN, which become null.
    package mutating func double(_ value: Double) {
        guard value.isFinite else { return null() }
        separate()
        bytes.append(contentsOf: value.description.utf8)
    }

    /// A number whose digits are given; it must be of JSON's number syntax.
    package mutating func number(_ text: some Sequence<UInt8>) { raw(text) }

    package mutating func bool(_ value: Bool) {
        separate()
        append(value ? "true" : "false")
    }

    package mutating func null() {
        separate()
        append("null")
    }

    /// A whole value that is already JSON.
    package mutating func raw(_ json: some Sequence<UInt8>) {
        separate()
        bytes.append(contentsOf: json)
    }

    /// Ends a line of newline-delimited JSON: the next value begins anew.
    package mutating func endLine() {
        bytes.append(0x0A)
        comma = false
    }

    package mutating func value(_ value: JSONValue) { value.write(to: &self) }

    private mutating func separate() {
        if comma { bytes.append(UInt8(ascii: ",")) }
        comma = true
    }

    private mutating func open(_ byte: UInt8) {
        separate()
        bytes.append(byte)
        comma = false
    }

    private mutating func close(_ byte: UInt8) {
        bytes.append(byte)
        comma = true
    }

    private mutating func append(_ word: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
    }
}
