/// A run of periods throughout which the same series need something.
struct Stretch {
    var periods: Range<Int>
    /// Places of the sets that hold it, ascending.
    var members: [Int]

    /// Parts the time line where any of the sets begins or ends; what no set holds is left out.
    static func all(of sets: [SlotSet]) -> [Stretch] {
        var turns: [(at: Int, set: Int, begins: Bool)] = []
        for (index, set) in sets.enumerated() {
            for range in set.ranges {
                turns.append((range.lowerBound, index, true))
                turns.append((range.upperBound, index, false))
            }
        }
        turns.sort { ($0.at, $0.set) < ($1.at, $1.set) }
        var stretches: [Stretch] = []
        var active: [Int] = []
        var next = 0
        while next < turns.count {
            let at = turns[next].at
            var begun: [Int] = []
            var ended: [Int] = []
            while next < turns.count, turns[next].at == at {
                if turns[next].begins { begun.append(turns[next].set) } else { ended.append(turns[next].set) }
                next += 1
            }
            active = changed(active, without: ended, with: begun)
            if !active.isEmpty { stretches.append(Stretch(periods: at..<turns[next].at, members: active)) }
        }
        return stretches
    }

    /// All three ascending.
    private static func changed(_ active: [Int], without ended: [Int], with begun: [Int]) -> [Int] {
        var result: [Int] = []
        result.reserveCapacity(active.count + begun.count)
        var gone = 0
        var new = 0
        for member in active {
            if gone < ended.count, ended[gone] == member {
                gone += 1
                continue
            }
            while new < begun.count, begun[new] < member {
                result.append(begun[new])
                new += 1
            }
            result.append(member)
        }
        return result + begun[new...]
    }
}
