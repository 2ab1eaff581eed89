internal import Bytes
internal import Series

/// An hour of one of the wanted series.
struct CMGSlotKey: Hashable {
    /// Its place in the order.
    let series: Int
    let time: Int64
}

/// What a call looks for: whose rows, of which days.
struct CMGQuest {
    let source: CMGSource
    let days: CMGDays
    let zone: Zone
    let seriesCount: Int
    /// The one bus that the upstream is asked to filter by.
    let filter: String?
    /// Rules beyond a record's structure are waived: a person says that it is right.
    var isLenient = false

    /// Several days of one bus.
    var isFilteredRange: Bool { filter != nil && days.days.count > 1 }
    private let names: WantedNames

    /// nil for a call shape that this dataset does not have.
    init?(_ order: CallOrder, zone: Zone, nodes: ProgrammeNodes) {
        guard let (source, shape) = CMGSource.parse(order.shape) else { return nil }
        self.source = source
        self.zone = zone
        days = CMGDays(order.periods, source: source, zone: zone, now: order.now)
        seriesCount = order.series.count
        names = WantedNames(
            order.series.map { key in
                guard CMGSource(key) == source, let node = key.values.first else { return nil }
                return source.isProgramme ? nodes[node] : node
            })
        filter = shape == .node ? order.series.first?.values.first : nil
    }

    /// The wanted series that go by this name: places in the order.
    func places(of name: Span<UInt8>, in range: Range<Int>) -> [Int] { names.places(of: name, in: range) }
}

/// A few names among many strangers: a stranger costs one hash and one look.
struct WantedNames {
    private struct Entry {
        let hash: UInt64
        let name: [UInt8]
        var places: [Int]
    }

    private var entries: [Entry] = []
    /// By the hash's lowest bits the entry, or -1; free slots end a search.
    private var slots: [Int32]
    private let mask: UInt64

    /// nil: a series that no record can be of.
    init(_ names: [String?]) {
        var size = 64
        while size < names.count * 4 { size *= 2 }
        mask = UInt64(size - 1)
        slots = Array(repeating: -1, count: size)
        for (place, name) in names.enumerated() {
            guard let name else { continue }
            let bytes = Array(name.utf8)
            let (slot, entry) = find(bytes.span, in: 0..<bytes.count)
            if let entry {
                entries[entry].places.append(place)
            } else {
                slots[slot] = Int32(entries.count)
                entries.append(Entry(hash: Self.hash(bytes.span, in: 0..<bytes.count), name: bytes, places: [place]))
            }
        }
    }

    func places(of name: Span<UInt8>, in range: Range<Int>) -> [Int] {
        find(name, in: range).entry.map { entries[$0].places } ?? []
    }

    private func find(_ name: Span<UInt8>, in range: Range<Int>) -> (slot: Int, entry: Int?) {
        let hash = Self.hash(name, in: range)
        var slot = Int(hash & mask)
        while slots[slot] >= 0 {
            let entry = Int(slots[slot])
            if entries[entry].hash == hash, Self.equal(entries[entry].name, name, range) { return (slot, entry) }
            slot = (slot + 1) & Int(mask)
        }
        return (slot, nil)
    }

    private static func equal(_ bytes: [UInt8], _ name: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard bytes.count == range.count else { return false }
        for index in bytes.indices where bytes[index] != name[range.lowerBound + index] { return false }
        return true
    }

    private static func hash(_ name: Span<UInt8>, in range: Range<Int>) -> UInt64 {
        var hash = WordHash()
        hash.add(name, in: range)
        return hash.value
    }
}
