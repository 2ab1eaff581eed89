package import Bytes
package import Series

/// Every dataset that this build knows.
package enum Catalog {
    /// Their names, for help and completion: no setting changes them.
    package static let names = ["cmg", "kraken", "accounts", "equities", "keepa"]

    /// - Parameters:
    ///   - santiago: the zone of the CMG days, `America/Santiago`.
    ///   - cmg: which nodes and sources of it are followed.
    ///   - sipRate: what the SIP key may spend.
    ///   - utc: the zone by which Kraken counts.
    ///   - pairs: which pairs and intervals are followed from the start.
    ///   - krakenRate: what one pair may be asked.
    ///   - ids: which accounts are followed.
    ///   - metricsRate: what the key of the metrics API may spend.
    ///   - batch: accounts that one of its calls names.
    ///   - newYork: the zone of the sessions of US equities.
    ///   - tickers: which of them are followed, and when the exchange is open.
    ///   - polygonRate: what the key of their upstream may spend.
    ///   - products: which products are kept, and how.
    ///   - keepaRate: requests that their upstream may be sent, whatever they cost in tokens.
    package static func all(
        santiago: Zone, cmg nodes: CMG.Following = CMG.Following(), sipRate: RequestRate = CMG.rate, utc: Zone,
        kraken pairs: Kraken.Following = Kraken.Following(), krakenRate: RequestRate = Kraken.rate,
        accounts ids: Accounts.Following = Accounts.Following(), metricsRate: RequestRate = Accounts.rate, batch: Int = Accounts.batch,
        newYork: Zone, equities tickers: Equities.Following = Equities.Following(), polygonRate: RequestRate = Equities.rate,
        keepa products: Keepa.Options = Keepa.Options(), keepaRate: RequestRate = Keepa.rate
    ) -> [Dataset] {
        [
            cmg(zone: santiago, following: nodes, rate: sipRate),
            kraken(zone: utc, following: pairs, rate: krakenRate),
            accounts(zone: utc, following: ids, rate: metricsRate, batch: batch),
            equities(zone: newYork, following: tickers, rate: polygonRate),
            keepa(zone: utc, options: products, rate: keepaRate),
        ]
    }
}
