/// Local search over what is swept in one component: takes a block of periods in or out, keeps what is cheaper, until nothing helps or
/// the work allowed is done. The blocks come in a fixed order, so the same needs give the same plan.
struct SweepSearch {
    private let component: Component
    private let windows: WindowCover
    private var work = 0

    /// Ranges walked, at most: about a tenth of a second.
    private static let workLimit = 4_000_000
    /// Up to so many periods are also tried one by one.
    private static let singlesLimit = 1024

    init(component: Component, windows: WindowCover) {
        self.component = component
        self.windows = windows
    }

    mutating func improved(from start: SlotSet) -> SlotSet {
        var swept = start
        var prices = component.clusters.map { windows.price(of: $0.need.subtracting(start)) * $0.series }
        let blocks = blocks()
        var improving = true
        while improving, work < SweepSearch.workLimit {
            improving = false
            for block in blocks {
                for candidate in [swept.union(block), swept.subtracting(block)] where candidate != swept {
                    let (gain, changed) = gain(from: swept, to: candidate, block, prices)
                    if gain > 0 {
                        swept = candidate
                        for (cluster, price) in changed { prices[cluster] = price }
                        improving = true
                        break
                    }
                }
                if work >= SweepSearch.workLimit { break }
            }
        }
        return swept
    }

    /// Stretches, single periods, and the windows of the cover by windows alone: what a sweep would have to replace.
    private func blocks() -> [SlotSet] {
        let needed = component.needed
        var blocks = component.stretches.map(\.periods)
        if needed.count <= SweepSearch.singlesLimit { blocks += needed.ranges.flatMap { $0.map { $0..<$0 + 1 } } }
        for cluster in component.clusters { blocks += windows.cover(cluster.need).map(\.periods) }
        var seen: Set<SlotSet> = []
        return blocks.map { needed.intersection($0) }.filter { seen.insert($0).inserted }
    }

    private mutating func gain(
        from old: SlotSet, to new: SlotSet, _ block: SlotSet, _ prices: [Int]
    ) -> (gain: Int, changed: [(cluster: Int, price: Int)]) {
        guard let first = block.first, let last = block.last else { return (0, []) }
        var gain = 0
        var touched: Set<Int> = []
        for stretch in component.stretches where stretch.periods.overlaps(first..<last + 1) {
            gain += (old.count(in: stretch.periods) - new.count(in: stretch.periods)) * stretch.price
            touched.formUnion(stretch.members)
        }
        work += component.stretches.count
        var changed: [(cluster: Int, price: Int)] = []
        for cluster in touched.sorted() {
            let need = component.clusters[cluster].need
            let price = windows.price(of: need.subtracting(new)) * component.clusters[cluster].series
            gain += prices[cluster] - price
            changed.append((cluster, price))
            work += need.ranges.count + new.ranges.count
        }
        return (gain, changed)
    }
}
