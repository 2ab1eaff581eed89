package import Bytes
package import Series

/// Every dataset that this build knows.
package enum Catalog {
    /// - Parameters:
    ///   - santiago: the zone of the CMG days, `America/Santiago`.
    ///   - cmg: which nodes and sources of it are followed.
    ///   - sipRate: what the SIP key may spend.
    ///   - utc: the zone by which Kraken counts.
    ///   - pairs: which pairs and intervals are followed from the start.
    ///   - krakenRate: what one pair may be asked.
    package static func all(
        santiago: Zone, cmg nodes: CMG.Following = CMG.Following(), sipRate: RequestRate = CMG.rate, utc: Zone,
        kraken pairs: Kraken.Following = Kraken.Following(), krakenRate: RequestRate = Kraken.rate
    ) -> [Dataset] {
        [
            cmg(zone: santiago, following: nodes, rate: sipRate),
            kraken(zone: utc, following: pairs, rate: krakenRate),
        ]
    }
}
