internal import Bytes

/// A named value of the document, read as one type or another.
struct FaultMember {
    typealias Refused = Sandbox.Faults.Refused
    let name: String
    let value: JSONValue

    func rate() throws(Refused) -> Double {
        guard let rate = value.double, (0...1).contains(rate) else { throw Refused(name: name) }
        return rate
    }

    func count() throws(Refused) -> Int? {
        if value.isNull { return nil }
        guard let count = value.int, count >= 0 else { throw Refused(name: name) }
        return Int(count)
    }

    func flag() throws(Refused) -> Bool {
        guard let flag = value.bool else { throw Refused(name: name) }
        return flag
    }

    func word<T: RawRepresentable>(_ type: T.Type) throws(Refused) -> T where T.RawValue == String {
        guard let text = value.string ?? value.numberText, let word = T(rawValue: text) else { throw Refused(name: name) }
        return word
    }

    func words<T: RawRepresentable>(_ type: T.Type) throws(Refused) -> [T] where T.RawValue == String {
        guard let list = value.array else { throw Refused(name: name) }
        var words: [T] = []
        for one in list { words.append(try FaultMember(name: name, value: one).word(type)) }
        return words
    }

    func days() throws(Refused) -> [String] {
        guard let list = value.array else { throw Refused(name: name) }
        var days: [String] = []
        for one in list {
            guard let text = one.string, LocalDate(text) != nil else { throw Refused(name: name) }
            days.append(text)
        }
        return days
    }

    func texts() throws(Refused) -> [String] {
        guard let list = value.array else { throw Refused(name: name) }
        var texts: [String] = []
        for one in list {
            guard let text = one.string else { throw Refused(name: name) }
            texts.append(text)
        }
        return texts
    }

    /// A local day of UTC, seconds since 1970, or RFC 3339.
    func instant() throws(Refused) -> Int64 {
        guard let instant = value.int ?? value.string.flatMap(Instant.parse) else { throw Refused(name: name) }
        return instant
    }

    /// A list of pairs of instants, each from and to.
    func stretches() throws(Refused) -> [Range<Int64>] {
        guard let list = value.array else { throw Refused(name: name) }
        var stretches: [Range<Int64>] = []
        for one in list {
            guard let ends = one.array, ends.count == 2 else { throw Refused(name: name) }
            let from = try FaultMember(name: name, value: ends[0]).instant(), to = try FaultMember(name: name, value: ends[1]).instant()
            if from >= to { throw Refused(name: name) }
            stretches.append(from..<to)
        }
        return stretches
    }

    func members() throws(Refused) -> [(String, JSONValue)] {
        guard let members = value.object else { throw Refused(name: name) }
        return members
    }

    func inner(_ inner: String) throws(Refused) -> FaultMember {
        FaultMember(name: name, value: try members().first { $0.0 == inner }?.1 ?? .null)
    }
}
