package import Bytes
package import Series

/// Every dataset that this build knows.
package enum Catalog {
    /// - Parameters:
    ///   - santiago: the zone of the CMG days, `America/Santiago`.
    ///   - cmgNodes: buses to follow, 17 characters each as the upstream writes them; nil for those of Chiloé.
    ///   - sipRate: what the SIP key may spend.
    package static func all(
        santiago: Zone, cmgNodes: [String]? = nil, sipRate: RequestRate = CMG.rate
    ) -> [Dataset] {
        [
            cmg(zone: santiago, nodes: cmgNodes ?? CMG.chiloeNodes, rate: sipRate)
        ]
    }
}
