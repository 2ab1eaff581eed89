/// The names of the statements that a session has prepared, by text and the types of the binds. Bounded: the one unused for
/// longest goes, so that statements made of parts cannot fill the server's memory.
struct PreparedStatements {
    struct Key: Hashable {
        let text: String
        let types: [OID]
    }

    private var names: [Key: (name: String, used: Int)] = [:]
    private var clock = 0
    let capacity: Int

    init(capacity: Int = 256) { self.capacity = capacity }

    var count: Int { names.count }

    mutating func name(for key: Key) -> String? {
        guard let index = names.index(forKey: key) else { return nil }
        clock += 1
        names.values[index].used = clock
        return names.values[index].name
    }

    /// A name that was never used in this session.
    mutating func freshName() -> String {
        clock += 1
        return "s\(clock)"
    }

    /// Files a prepared statement; what must be deallocated for it, if anything.
    mutating func insert(_ name: String, for key: Key) -> String? {
        var evicted: String?
        if names.count >= capacity, let oldest = names.min(by: { $0.value.used < $1.value.used }) {
            evicted = oldest.value.name
            names[oldest.key] = nil
        }
        clock += 1
        names[key] = (name, clock)
        return evicted
    }

    mutating func remove(_ key: Key) -> String? { names.removeValue(forKey: key)?.name }
}
