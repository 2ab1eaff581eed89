internal import Bytes

/// A member of a JSON object in one line each.
extension JSONWriter {
    mutating func member(_ name: String, _ value: Int) {
        key(name)
        int(value)
    }

    mutating func member(_ name: String, _ value: String) {
        key(name)
        string(value)
    }

    mutating func member(_ name: String, _ value: String?) {
        key(name)
        if let value { string(value) } else { null() }
    }

    mutating func member(_ name: String, _ value: [String]) {
        key(name)
        beginArray()
        for text in value { string(text) }
        endArray()
    }

    /// An instant with an offset in seconds east of UTC, 0 where it is real time.
    mutating func member(_ name: String, instant: Int64?, offset: Int = 0) {
        key(name)
        if let instant { timestamp(instant, offset: offset) } else { null() }
    }

    mutating func member(_ name: String, object: (inout JSONWriter) -> Void) {
        key(name)
        beginObject()
        object(&self)
        endObject()
    }
}
