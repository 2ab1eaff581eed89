package import Bytes
package import Series

/// Every dataset that this build knows.
package enum Catalog {
    /// - Parameters:
    ///   - santiago: the zone of the CMG days, `America/Santiago`.
    ///   - cmg: which nodes and sources of it are followed.
    ///   - sipRate: what the SIP key may spend.
    package static func all(
        santiago: Zone, cmg following: CMG.Following = CMG.Following(), sipRate: RequestRate = CMG.rate
    ) -> [Dataset] {
        [
            cmg(zone: santiago, following: following, rate: sipRate)
        ]
    }
}
