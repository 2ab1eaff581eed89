internal import Bytes

/// A member that is an object itself. (The sandbox has another of this shape, so it is not among those of `Bytes`.)
extension JSONWriter {
    mutating func member(_ name: String, object: (inout JSONWriter) -> Void) {
        key(name)
        beginObject()
        object(&self)
        endObject()
    }

    /// To six digits behind the point; nil is null.
    mutating func member(_ name: String, rounded value: Double?) {
        key(name)
        if let value { double((value * 1e6).rounded() / 1e6) } else { null() }
    }
}
