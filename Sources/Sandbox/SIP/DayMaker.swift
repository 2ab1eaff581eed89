internal import Bytes

/// Makes the rows of a day of `real` or `online` and puts them in the order of that day's own. No order is promised by
/// the operator and none may be relied on.
struct DayMaker {
    let market: any Market
    let dice: Dice
    let zone: Zone
    let publication: Publication

    /// Buses that are shuffled together.
    private static let block = 8

    /// Of all buses, or of one in the order of time. `isMixed`: definitive rows with the preliminary ones beside them.
    func rows(_ source: Source, _ day: DeliveredDay, _ edition: Edition, bus: Int?, isMixed: Bool) -> [Row] {
        if let recorded = market.recorded(source, day.date) {
            guard let bus else { return recorded }
            return recorded.filter { $0.bus == bus }
        }
        let opens = source == .online ? day.quarters.map { publication.opens($0.instant) } : []
        var rows: [Row] = []
        func add(_ bus: Int, _ index: Int) {
            if isMixed, edition >= .definitive, let old = row(bus, index, day, .preliminary) { rows.append(old) }
            guard var row = row(bus, index, day, edition) else { return }
            if source == .online {
                row.appears = publication.appears(bus: bus, quarter: day.quarters[index].instant, opens: opens[index])
            }
            rows.append(row)
        }
        if let bus {
            for index in day.quarters.indices { add(bus, index) }
            return rows
        }
        let buses = market.buses.count
        rows.reserveCapacity(buses * 96)
        let number = Int64(day.date.daysSince1970)
        if source == .real {
            for bus in dice.permutation(buses, 51, number) { for index in day.quarters.indices { add(bus, index) } }
            return rows
        }
        let blocks = (buses + DayMaker.block - 1) / DayMaker.block
        for cell in dice.permutation(blocks * 96, 50, number) {
            let (block, index) = (cell / 96, cell % 96)
            for bus in (block * DayMaker.block)..<min(buses, (block + 1) * DayMaker.block) { add(bus, index) }
        }
        return rows
    }

    /// nil where nothing was ever known.
    private func row(_ bus: Int, _ index: Int, _ day: DeliveredDay, _ edition: Edition) -> Row? {
        let quarter = day.quarters[index]
        guard let known = market.dollars(bus: bus, quarter: quarter.instant, edition) else { return nil }
        let dollars: Price
        switch quarter.kind {
        case .phantom: dollars = .zero
        case .foreign:
            // Another bus's price of another day: plausible and wrong.
            let other = (bus + 1) % market.buses.count
            let odd = market.dollars(bus: other, quarter: quarter.instant - 40 * 86_400, edition) ?? .zero
            dollars = Price(units: odd.units + 12_345)
        case .plain: dollars = known
        }
        return Row(
            bus: Int32(bus), quarter: Int16(index), version: edition.version, dollars: dollars,
            pesos: market.pesos(bus: bus, quarter: quarter.instant, dollars: dollars))
    }
}
