/// Whose turn it is among lanes that want the same thing: each gets its share of the turns in which it wants one, and none waits
/// longer than its share says. Smooth weighted round robin: each turn credits all who want it with their shares and charges the
/// one who has the most credit with the sum.
package struct LaneTurns: Sendable {
    private var credit: [Lane: Int] = [:]

    package init() {}

    /// nil where nobody wants the turn.
    package mutating func next(among wanting: Set<Lane>) -> Lane? {
        var sum = 0
        var best: Lane?
        // In the order of the cases, so that of equals the more urgent goes first.
        for lane in Lane.allCases where wanting.contains(lane) {
            credit[lane, default: 0] += lane.share
            sum += lane.share
            if best.map({ credit[lane, default: 0] > credit[$0, default: 0] }) ?? true { best = lane }
        }
        if let best { credit[best, default: 0] -= sum }
        return best
    }
}
