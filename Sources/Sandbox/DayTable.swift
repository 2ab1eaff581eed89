internal import Bytes

/// One row as it is served.
struct Row: Sendable {
    let bus: Int32
    /// Index into the day's quarters.
    let quarter: Int32
    let dollars: Price
    let pesos: Price
}

/// All rows of one day in the order of that day's own: blocks of (some buses, one quarter) shuffled by the seed. No
/// order is promised by the operator and none may be relied on.
struct DayTable: Sendable {
    let day: DeliveredDay
    let rows: [Row]

    private static let block = 8

    init(_ date: LocalDate, of market: any Market, dice: Dice, zone: Zone) {
        day = DeliveredDay(date, in: zone)
        let buses = market.buses.count
        let blocks = (buses + DayTable.block - 1) / DayTable.block
        var rows: [Row] = []
        rows.reserveCapacity(buses * 96)
        for cell in dice.permutation(blocks * 96, 50, Int64(date.daysSince1970)) {
            let (block, index) = (cell / 96, cell % 96)
            for bus in (block * DayTable.block)..<min(buses, (block + 1) * DayTable.block) {
                if let row = DayTable.row(market, bus, index, day) { rows.append(row) }
            }
        }
        self.rows = rows
    }

    /// nil where nothing was ever known.
    static func row(_ market: any Market, _ bus: Int, _ index: Int, _ day: DeliveredDay) -> Row? {
        let quarter = day.quarters[index]
        func row(_ dollars: Price, _ instant: Int64) -> Row {
            Row(bus: Int32(bus), quarter: Int32(index), dollars: dollars,
                pesos: market.pesos(bus: bus, quarter: instant, dollars: dollars))
        }
        switch quarter.kind {
        case .phantom:
            // Only where the bus has that day at all.
            return market.dollars(bus: bus, quarter: quarter.instant).map { _ in row(.zero, quarter.instant) }
        case .foreign:
            // Another bus's price of another day: plausible and wrong.
            let other = (bus + 1) % market.buses.count
            guard market.dollars(bus: bus, quarter: quarter.instant) != nil else { return nil }
            let odd = market.dollars(bus: other, quarter: quarter.instant - 40 * 86_400) ?? .zero
            return row(Price(units: odd.units + 12_345), quarter.instant)
        case .plain:
            return market.dollars(bus: bus, quarter: quarter.instant).map { row($0, quarter.instant) }
        }
    }
}
