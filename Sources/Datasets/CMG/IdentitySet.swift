/// A set of hashes that are hashes already: a day of 150,000 records is counted in it.
struct IdentitySet {
    /// Zero is a free slot.
    private var slots = [UInt64](repeating: 0, count: 1024)
    private(set) var count = 0

    mutating func insert(_ identities: [UInt64]) {
        while (count + identities.count) * 2 > slots.count { grow() }
        for identity in identities { place(identity == 0 ? 1 : identity) }
    }

    private mutating func place(_ identity: UInt64) {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: identity) & mask
        while slots[slot] != 0 {
            if slots[slot] == identity { return }
            slot = (slot + 1) & mask
        }
        slots[slot] = identity
        count += 1
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: 0, count: old.count * 2)
        count = 0
        for identity in old where identity != 0 { place(identity) }
    }
}
