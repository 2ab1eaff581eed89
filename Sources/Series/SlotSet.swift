/// A set of slots, kept as sorted, disjoint ranges that do not touch: two equal sets are equal values.
///
/// Every operation walks ranges, never slots: a million slots in one range cost what one slot costs.
package struct SlotSet: Sendable, Hashable {
    package private(set) var ranges: [Range<Int>]

    package init() { ranges = [] }

    package init(_ range: Range<Int>) { ranges = range.isEmpty ? [] : [range] }

    /// Any ranges, in any order; those that overlap or touch become one.
    package init(ranges unordered: some Sequence<Range<Int>>) {
        ranges = []
        let filled = unordered.filter { !$0.isEmpty }
        let isSorted = zip(filled, filled.dropFirst()).allSatisfy { $0.lowerBound <= $1.lowerBound }
        for range in isSorted ? filled : filled.sorted(by: { $0.lowerBound < $1.lowerBound }) { append(range) }
    }

    /// Adds a range that begins no earlier than all before it.
    private mutating func append(_ range: Range<Int>) {
        if let last = ranges.last, range.lowerBound <= last.upperBound {
            ranges[ranges.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
        } else {
            ranges.append(range)
        }
    }

    // MARK: What is in it

    package var isEmpty: Bool { ranges.isEmpty }
    /// The number of slots, not of ranges.
    package var count: Int { ranges.reduce(0) { $0 + $1.count } }
    package var first: Int? { ranges.first?.lowerBound }
    package var last: Int? { ranges.last.map { $0.upperBound - 1 } }

    package func contains(_ slot: Int) -> Bool {
        let at = firstRange(endingAfter: slot)
        return at < ranges.count && ranges[at].lowerBound <= slot
    }

    package func contains(_ range: Range<Int>) -> Bool {
        if range.isEmpty { return true }
        let at = firstRange(endingAfter: range.lowerBound)
        return at < ranges.count && ranges[at].lowerBound <= range.lowerBound && ranges[at].upperBound >= range.upperBound
    }

    package func isSuperset(of other: SlotSet) -> Bool { other.subtracting(self).isEmpty }

    /// How many of its slots lie in a range: a binary search and the ranges in between.
    package func count(in range: Range<Int>) -> Int {
        var total = 0
        var at = firstRange(endingAfter: range.lowerBound)
        while at < ranges.count, ranges[at].lowerBound < range.upperBound {
            total += ranges[at].clamped(to: range).count
            at += 1
        }
        return total
    }

    /// The slot of the set that is nearest to this one, the earlier of two that are as near; nil of an empty set.
    package func nearest(to slot: Int) -> Int? {
        let at = firstRange(endingAfter: slot)
        let after = at < ranges.count ? max(slot, ranges[at].lowerBound) : nil
        let before = at > 0 ? ranges[at - 1].upperBound - 1 : nil
        guard let after else { return before }
        guard let before, slot - before <= after - slot else { return after }
        return before
    }

    /// The index of the first range that reaches behind `slot`; the number of ranges where none does.
    private func firstRange(endingAfter slot: Int) -> Int {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound > slot { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

// MARK: - Set algebra, by one walk over both

extension SlotSet {
    package func union(_ other: SlotSet) -> SlotSet {
        if isEmpty { return other }
        if other.isEmpty { return self }
        var result = SlotSet()
        result.ranges.reserveCapacity(ranges.count + other.ranges.count)
        var a = 0
        var b = 0
        while a < ranges.count || b < other.ranges.count {
            if b == other.ranges.count || (a < ranges.count && ranges[a].lowerBound <= other.ranges[b].lowerBound) {
                result.append(ranges[a])
                a += 1
            } else {
                result.append(other.ranges[b])
                b += 1
            }
        }
        return result
    }

    package func intersection(_ other: SlotSet) -> SlotSet {
        var result = SlotSet()
        var a = 0
        var b = 0
        while a < ranges.count, b < other.ranges.count {
            let (mine, theirs) = (ranges[a], other.ranges[b])
            let low = max(mine.lowerBound, theirs.lowerBound)
            let high = min(mine.upperBound, theirs.upperBound)
            if low < high { result.ranges.append(low..<high) }
            if mine.upperBound <= theirs.upperBound { a += 1 } else { b += 1 }
        }
        return result
    }

    package func intersection(_ range: Range<Int>) -> SlotSet {
        var result = SlotSet()
        var at = firstRange(endingAfter: range.lowerBound)
        while at < ranges.count, ranges[at].lowerBound < range.upperBound {
            let part = ranges[at].clamped(to: range)
            if !part.isEmpty { result.ranges.append(part) }
            at += 1
        }
        return result
    }

    package func subtracting(_ other: SlotSet) -> SlotSet {
        if isEmpty || other.isEmpty { return self }
        var result = SlotSet()
        var b = 0
        for range in ranges {
            var from = range.lowerBound
            while b < other.ranges.count, other.ranges[b].upperBound <= from { b += 1 }
            var hole = b
            while hole < other.ranges.count, other.ranges[hole].lowerBound < range.upperBound {
                if from < other.ranges[hole].lowerBound { result.ranges.append(from..<other.ranges[hole].lowerBound) }
                from = max(from, other.ranges[hole].upperBound)
                hole += 1
            }
            if from < range.upperBound { result.ranges.append(from..<range.upperBound) }
            // The last hole may reach into the next range.
            b = max(b, hole - 1)
        }
        return result
    }

    package mutating func formUnion(_ other: SlotSet) { self = union(other) }

    package mutating func insert(_ range: Range<Int>) {
        if range.isEmpty { return }
        // Rows mostly come in order: then there is nothing to search or to move.
        if let last = ranges.last, range.lowerBound < last.lowerBound {
            self = union(SlotSet(range))
        } else {
            append(range)
        }
    }

    package mutating func remove(_ range: Range<Int>) { self = subtracting(SlotSet(range)) }
}

// MARK: - Slots and their parts

extension SlotSet {
    /// Slots to parts: all `parts` of each slot.
    package func scaledUp(by parts: Int) -> SlotSet {
        var result = SlotSet()
        result.ranges = ranges.map { $0.lowerBound * parts..<$0.upperBound * parts }
        return result
    }

    /// Parts to slots: those of which every part is in the set.
    package func wholeSlots(of parts: Int) -> SlotSet {
        if parts == 1 { return self }
        var result = SlotSet()
        for range in ranges {
            let low = (range.lowerBound + parts - 1).flooredQuotient(parts)
            let high = range.upperBound.flooredQuotient(parts)
            if low < high { result.append(low..<high) }
        }
        return result
    }

    /// Parts to slots: those of which any part is in the set.
    package func touchedSlots(of parts: Int) -> SlotSet {
        if parts == 1 { return self }
        var result = SlotSet()
        for range in ranges {
            result.append(range.lowerBound.flooredQuotient(parts)..<(range.upperBound + parts - 1).flooredQuotient(parts))
        }
        return result
    }
}

extension SlotSet {
    /// The same slots under numbers that begin elsewhere.
    package func shifted(by distance: Int) -> SlotSet {
        if distance == 0 { return self }
        var result = SlotSet()
        result.ranges = ranges.map { $0.lowerBound + distance..<$0.upperBound + distance }
        return result
    }

    /// With the holes between its ranges that are no longer than this.
    package func bridged(over longest: Int) -> SlotSet {
        var result = SlotSet()
        for range in ranges {
            if let last = result.ranges.last, range.lowerBound - last.upperBound <= longest {
                result.ranges[result.ranges.count - 1] = last.lowerBound..<range.upperBound
            } else {
                result.ranges.append(range)
            }
        }
        return result
    }

    /// The whole range in which a slot lies.
    package func range(containing slot: Int) -> Range<Int>? {
        let at = firstRange(endingAfter: slot)
        return at < ranges.count && ranges[at].lowerBound <= slot ? ranges[at] : nil
    }
}

extension SlotSet: CustomStringConvertible {
    package var description: String { "{" + ranges.map { "\($0)" }.joined(separator: ", ") + "}" }
}

extension FixedWidthInteger {
    /// The quotient rounded towards minus infinity: slots before 1970 have negative numbers. The divisor is positive.
    func flooredQuotient(_ divisor: Self) -> Self {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
