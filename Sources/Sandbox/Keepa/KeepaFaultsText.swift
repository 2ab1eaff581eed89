internal import Bytes

extension Sandbox.KeepaFaults {
    typealias Refused = Sandbox.Faults.Refused

    /// Changes what the object names.
    mutating func change(_ member: FaultMember) throws(Refused) {
        for (name, value) in try member.members() { try set(FaultMember(name: "keepa." + name, value: value), name) }
    }

    private mutating func set(_ member: FaultMember, _ name: String) throws(Refused) {
        if let rate = Self.rates.first(where: { $0.name == name }) { return self[keyPath: rate.path] = try member.rate() }
        if let count = Self.counts.first(where: { $0.name == name }) {
            return self[keyPath: count.path] = min(600_000, try member.count() ?? 0)
        }
        if let list = Self.lists.first(where: { $0.name == name }) { return self[keyPath: list.path] = Set(try member.texts()) }
        switch name {
        case "max_asins": maxASINs = try member.count()
        case "key_refused": keyRefused = try member.flag()
        case "bad_asin": badASIN = try member.word(BadASIN.self)
        case "garbage":
            garbage = Set(try member.words(Sandbox.Faults.Garbage.self))
            if garbage.isEmpty { garbage = Set(Sandbox.Faults.Garbage.allCases) }
        default: throw Refused(name: member.name)
        }
    }

    /// All of them, in the form in which they are set.
    func write(_ out: inout JSONWriter) {
        out.beginObject()
        for (name, path) in Self.rates { out.member(name) { $0.double(self[keyPath: path]) } }
        for (name, path) in Self.counts { out.member(name) { $0.int(self[keyPath: path]) } }
        out.member("max_asins") { $0.count(maxASINs) }
        out.member("key_refused") { $0.bool(keyRefused) }
        out.member("bad_asin") { $0.string(badASIN.rawValue) }
        out.member("garbage") { $0.strings(garbage.map(\.rawValue).sorted()) }
        for (name, path) in Self.lists { out.member(name) { $0.strings(self[keyPath: path].sorted()) } }
        out.endObject()
    }
}
