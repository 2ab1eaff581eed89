/// A member of a JSON object in one line each.
extension JSONWriter {
    package mutating func member(_ name: String, _ value: Int) {
        key(name)
        int(value)
    }

    /// nil is null.
    package mutating func member(_ name: String, _ value: Int?) {
        key(name)
        if let value { int(value) } else { null() }
    }

    package mutating func member(_ name: String, _ value: String) {
        key(name)
        string(value)
    }

    /// nil is null.
    package mutating func member(_ name: String, _ value: String?) {
        key(name)
        if let value { string(value) } else { null() }
    }

    package mutating func member(_ name: String, _ value: [String]) {
        key(name)
        beginArray()
        for text in value { string(text) }
        endArray()
    }

    /// All digits of it.
    package mutating func member(_ name: String, _ value: Decimal) {
        key(name)
        var digits: [UInt8] = []
        value.append(to: &digits)
        number(digits)
    }

    /// An instant with an offset in seconds east of UTC, 0 where it is real time. nil is null.
    package mutating func member(_ name: String, instant: Int64?, offset: Int = 0) {
        key(name)
        if let instant { timestamp(instant, offset: offset) } else { null() }
    }

    /// An instant with the zone's offset at it. nil is null.
    package mutating func member(_ name: String, instant: Int64?, in zone: Zone) {
        member(name, instant: instant, offset: instant.map { zone.offset(at: $0) } ?? 0)
    }
}
