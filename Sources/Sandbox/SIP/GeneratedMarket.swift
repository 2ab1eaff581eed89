internal import Bytes

/// Prices of the same character as the real ones: zeros that depend on the hour of day, spikes to 900, areas that move
/// together. Every value is a pure function of seed, bus and instant.
final class GeneratedMarket: Market {
    let dice: Dice
    let zone: Zone
    let buses: [Bus]
    var isChanging = false
    /// When each bus is there, where some begin or end.
    private let lives: [Range<Int64>]
    private let calendar: RealCalendar
    /// Of the hours last asked for, each at its own place: a day's table asks 1,579 times for the same.
    private var hours: [Hour?] = Array(repeating: nil, count: 256)

    private struct Hour {
        let number: Int64
        /// By area, then quarter.
        let bases: [Double]
        /// Hundred-thousandths of thousands of pesos a dollar.
        let rate: Int64
    }

    init(seed: UInt64, buses count: Int, zone: Zone) {
        dice = Dice(seed: seed)
        self.zone = zone
        let buses = Bus.generated(dice, count: count)
        let dice = dice
        // Those by whose names tests ask are always there.
        lives = buses.indices.map { bus in bus < Bus.known.count ? Int64.min..<Int64.max : Self.life(Int64(bus), dice) }
        self.buses = buses
        calendar = RealCalendar(dice: dice, zone: zone)
    }

    /// Of eight buses one begins between July 2024 and June 2026, of twenty one ends.
    private static func life(_ bus: Int64, _ dice: Dice) -> Range<Int64> {
        let start: Int64 = 1_720_000_000 / 900 * 900
        let begins = dice.unit(86, bus) < 0.125, ends = dice.unit(87, bus) < 0.05
        let moment = start + Int64(dice.pick(2 * 365 * 96, 88, bus)) * 900
        return begins ? moment..<Int64.max : ends ? Int64.min..<moment : Int64.min..<Int64.max
    }

    func note(_ source: Source) -> String? { nil }
    func recorded(_ source: Source, _ date: LocalDate) -> [Row]? { nil }

    func edition(_ source: Source, _ date: LocalDate, now: Int64) -> Edition? {
        source == .real ? calendar.edition(date, now: now) : .online
    }

    func first(_ source: Source, _ date: LocalDate) -> Edition? {
        source != .real ? .online : date < RealCalendar.first ? nil : .preliminary
    }

    func dollars(bus: Int, quarter: Int64, _ edition: Edition) -> Price? {
        if isChanging, !lives[bus].contains(quarter) { return nil }
        var price = online(bus: bus, quarter: quarter)
        // Settling changes few prices, some of them twice.
        if edition == .online { return price }
        for (later, share, salt) in GeneratedMarket.settling {
            if edition < later || dice.unit(salt, Int64(bus), quarter) >= share { continue }
            let step = 1 + Int64(dice.pick(1_500_000, salt + 1, Int64(bus), quarter))
            price = Price(units: price.units >= step ? price.units - step : price.units + step)
        }
        return price
    }

    /// The share of rows that each edition changes, and what the dice are asked.
    private static let settling: [(Edition, Double, UInt64)] = [(.preliminary, 0.012, 80), (.definitive, 0.03, 82), (.corrected, 0.01, 84)]

    func online(bus: Int, quarter: Int64) -> Price {
        let base = hour(quarter).bases[buses[bus].area * 4 + Int(quarter % 3600) / 900]
        // One bus in some hundreds has a price of its own while its area has none.
        if base == 0 { return dice.unit(30, Int64(bus), quarter) < 0.01 ? Price(dice.unit(31, Int64(bus), quarter) * 3) : .zero }
        let loss = 0.97 + 0.06 * dice.unit(32, Int64(bus))
        let noise = 1 + 0.01 * (dice.unit(33, Int64(bus), quarter) - 0.5)
        return Price(min(900, base * loss * noise))
    }

    func pesos(bus: Int, quarter: Int64, dollars: Price) -> Price { dollars.converted(rate: hour(quarter).rate) }

    private func hour(_ quarter: Int64) -> Hour {
        let number = quarter / 3600
        let place = Int(number % 256)
        if let known = hours[place], known.number == number { return known }
        let local = zone.local(at: number * 3600)
        var bases: [Double] = []
        for area in 0..<Int64(Bus.areas) {
            for index in 0..<4 { bases.append(base(area: area, quarter: number * 3600 + Int64(index) * 900, ofDay: local.hour)) }
        }
        let rate = 88_000 + Int64(dice.pick(12_000, 34, Int64(local.date.daysSince1970)))
        let made = Hour(number: number, bases: bases, rate: rate)
        hours[place] = made
        return made
    }

    private func base(area: Int64, quarter: Int64, ofDay: Int) -> Double {
        let hour = quarter / 3600
        // Most hours the whole system has one price; in some an area is cut off and goes its own way.
        let region = dice.unit(20, hour, area) < 0.25 ? area + 1 : 0
        let zeros = (8...17).contains(ofDay) ? 0.38 : ofDay >= 22 || ofDay < 6 ? 0.05 : 0.15
        if dice.unit(21, hour, region) < zeros { return 0 }
        if dice.unit(22, hour, region) < 0.006 { return 250 + 650 * dice.unit(23, quarter, region) }
        let evening = ofDay >= 18 && ofDay <= 22 ? 35.0 : 0
        let day = 25 + 70 * dice.unit(24, hour / 24)
        let drift = 20 * dice.unit(25, hour, region) + 6 * dice.unit(26, quarter, region)
        return (day + evening + drift) * (1 + 0.03 * dice.unit(27, area))
    }
}
