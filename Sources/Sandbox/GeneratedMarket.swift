internal import Bytes

/// Prices of the same character as the real ones: zeros that depend on the hour of day, spikes to 900, areas that move
/// together. Every value is a pure function of seed, bus and instant.
struct GeneratedMarket: Market {
    let dice: Dice
    let zone: Zone
    let buses: [Bus]
    let note: String? = nil

    init(seed: UInt64, buses count: Int, zone: Zone) {
        dice = Dice(seed: seed)
        self.zone = zone
        buses = Bus.generated(Dice(seed: seed), count: count)
    }

    func dollars(bus: Int, quarter: Int64) -> Price? {
        let base = base(area: Int64(buses[bus].area), quarter: quarter)
        // One bus in some hundreds has a price of its own while its area has none.
        if base == 0 { return dice.unit(30, Int64(bus), quarter) < 0.01 ? Price(dice.unit(31, Int64(bus), quarter) * 3) : .zero }
        let loss = 0.97 + 0.06 * dice.unit(32, Int64(bus))
        let noise = 1 + 0.01 * (dice.unit(33, Int64(bus), quarter) - 0.5)
        return Price(min(900, base * loss * noise))
    }

    func pesos(bus: Int, quarter: Int64, dollars: Price) -> Price {
        let day = Int64(zone.day(at: quarter).daysSince1970)
        return dollars.converted(rate: 88_000 + Int64(dice.pick(12_000, 34, day)))
    }

    private func base(area: Int64, quarter: Int64) -> Double {
        let hour = quarter / 3600
        // Most hours the whole system has one price; in some an area is cut off and goes its own way.
        let region = dice.unit(20, hour, area) < 0.25 ? area + 1 : 0
        let ofDay = zone.local(at: quarter).hour
        let zeros = (8...17).contains(ofDay) ? 0.38 : ofDay >= 22 || ofDay < 6 ? 0.05 : 0.15
        if dice.unit(21, hour, region) < zeros { return 0 }
        if dice.unit(22, hour, region) < 0.006 { return 250 + 650 * dice.unit(23, quarter, region) }
        let evening = ofDay >= 18 && ofDay <= 22 ? 35.0 : 0
        let day = 25 + 70 * dice.unit(24, hour / 24)
        let drift = 20 * dice.unit(25, hour, region) + 6 * dice.unit(26, quarter, region)
        return (day + evening + drift) * (1 + 0.03 * dice.unit(27, area))
    }
}
