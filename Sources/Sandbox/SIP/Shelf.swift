internal import Bytes

/// The days' listings, made when they are first asked for and kept, to about a million rows.
final class Shelf {
    let market: any Market
    let programmes: any Programmes
    private let maker: DayMaker
    private let texts: BusTexts
    private let zone: Zone
    private let dice: Dice
    private var kept: [(key: Key, listing: DayListing)] = []
    private static let most = 1_200_000

    private struct Key: Hashable {
        let source: Source
        let date: LocalDate
        /// The edition, or how many issues are served.
        let state: Int
        let isMixed: Bool
    }

    init(_ market: any Market, _ programmes: any Programmes, _ publication: Publication, dice: Dice, zone: Zone) {
        self.market = market
        self.programmes = programmes
        maker = DayMaker(market: market, dice: dice, zone: zone, publication: publication)
        texts = BusTexts(market.buses)
        self.zone = zone
        self.dice = dice
    }

    /// nil where nothing is served of that day. `bus` for one bus of a listing by quarters alone.
    func listing(_ source: Source, _ date: LocalDate, bus: Int?, isMixed: Bool, now: Int64) -> DayListing? {
        if source.isProgramme { return programme(source, date, now) }
        guard let edition = market.edition(source, date, now: now) else { return nil }
        let isMixed = isMixed && source == .real
        func make() -> QuarterTable {
            let day = DeliveredDay(date, in: zone)
            return QuarterTable(day, rows: maker.rows(source, day, edition, bus: bus, isMixed: isMixed), texts: texts)
        }
        if bus != nil { return make() }
        return keep(Key(source: source, date: date, state: edition.rawValue, isMixed: isMixed), make)
    }

    func clear() { kept = [] }

    private func programme(_ source: Source, _ date: LocalDate, _ now: Int64) -> DayListing? {
        let issues = programmes.issues(source, covering: zone.range(of: date)).filter { $0.published <= now }
        if issues.isEmpty { return nil }
        return keep(Key(source: source, date: date, state: issues.count, isMixed: false)) {
            ProgrammeTable(source, DeliveredDay(date, in: zone), issues, of: programmes, dice: dice)
        }
    }

    private func keep(_ key: Key, _ make: () -> DayListing) -> DayListing {
        if let at = kept.firstIndex(where: { $0.key == key }) {
            // The days used last stay.
            let found = kept.remove(at: at)
            kept.append(found)
            return found.listing
        }
        let listing = make()
        while !kept.isEmpty, kept.reduce(listing.count, { $0 + $1.listing.count }) > Shelf.most { kept.removeFirst() }
        kept.append((key, listing))
        return listing
    }
}
