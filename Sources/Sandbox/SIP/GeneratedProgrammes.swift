internal import Bytes

/// Programmes that miss what then happened by more the longer they look ahead.
final class GeneratedProgrammes: Programmes {
    let buses: [ProgrammeBus]
    private let market: GeneratedMarket
    private let dice: Dice
    private let zone: Zone
    private let indexes: [Int]

    /// The hours at which a `pid` is issued. None of them is ever skipped or doubled by the clock.
    static let pidHours = [1, 7, 13, 19]
    static let pcpHour = 4

    init(_ market: GeneratedMarket) {
        self.market = market
        dice = market.dice
        zone = market.zone
        let known = Dictionary(ProgrammeBus.known.map { ($0.node ?? "", $0) }, uniquingKeysWith: { first, _ in first })
        let seen = Set(Bus.known.map(\.node))
        let found = market.buses.indices.compactMap { index -> (Int, ProgrammeBus)? in
            let bus = market.buses[index]
            if let programme = known[bus.node] { return (index, programme) }
            guard !seen.contains(bus.node), market.dice.unit(90, Int64(index)) < 0.145 else { return nil }
            return (index, GeneratedProgrammes.named(bus))
        }
        buses = found.map(\.1)
        indexes = found.map(\.0)
    }

    /// `SAN_FARO2B____110` as `SanFaro2b110`.
    private static func named(_ bus: Bus) -> ProgrammeBus {
        let words = bus.node.prefix(14).split { $0 == "_" || $0 == "." }
        let name = words.map { $0.prefix(1) + $0.dropFirst().lowercased() }.joined()
        let zones = [("Norte", "Atacama"), ("Centro", "Metropolitana"), ("Centro Sur", "Biobío"), ("Sur", "Los Lagos")]
        let (zone, region) = zones[bus.area / 2 % 4]
        let volts = bus.node.suffix(3)
        let info = bus.info == "nan" ? "BA S/E \(name.uppercased()) \(volts)KV BP1" : bus.info
        return ProgrammeBus(info: info, key: name + volts, zone: zone, region: region, node: bus.node)
    }

    func issues(_ source: Source, covering instants: Range<Int64>) -> [Issue] {
        let hours = source == .pcp ? [GeneratedProgrammes.pcpHour] : GeneratedProgrammes.pidHours
        let first = zone.day(at: instants.lowerBound).advanced(by: -3)
        var issues: [Issue] = []
        for date in first...max(first, zone.day(at: max(instants.lowerBound, instants.upperBound - 1))) {
            for hour in hours {
                guard let issued = zone.instants(date, hour: hour, minute: 0).last else { continue }
                let late = Int64(dice.pick(source == .pcp ? 1_800 : 2_100, 91, issued)) + (source == .pcp ? 0 : 300)
                let covers = source == .pcp
                    ? zone.start(of: date)..<zone.start(of: date.advanced(by: 3)) : issued..<issued + 24 * 3600
                if covers.overlaps(instants) {
                    issues.append(Issue(date: date, hour: hour, issued: issued, published: issued + late, covers: covers))
                }
            }
        }
        return issues
    }

    func value(_ source: Source, bus: Int, hour: Int64, of issue: Issue) -> Decimal? {
        guard issue.covers.contains(hour) else { return nil }
        let truth = Double(market.online(bus: indexes[bus], quarter: hour).units) / 100_000
        let number = Int64(bus) << 40 | issue.issued / 3600
        if truth == 0, dice.unit(92, number, hour) < 0.7 { return .zero }
        let ahead = Double(max(0, hour - issue.issued)) / 3600
        let miss = (dice.unit(93, number, hour) - 0.5) * 2 * (15 + 0.5 * ahead)
        return Decimal(mantissa: Int64(max(0, truth + miss) * 1e13), scale: 13)
    }
}
