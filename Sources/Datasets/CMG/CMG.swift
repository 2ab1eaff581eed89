package import Bytes
package import Series

/// Chile's marginal costs of electricity ("costo marginal"), published by the Coordinador Eléctrico Nacional through its SIP API:
/// quarter-hours per bus, an hour being whole when its four quarters are held.
package enum CMG {
    /// The buses of Chiloé and its feed, as `barra_transf` names them in the real and online sources: the nodes that the public
    /// repository TM3-Corp/pudidi_cmg_prediction follows, the last three since 2025-08-29.
    package static let chiloeNodes = [
        "CHILOE________220", "CHILOE________110", "QUELLON_______110", "QUELLON_______013", "CHONCHI_______110", "DALCAHUE______023",
        "NVA_P.MONTT___220", "PIDPID________110", "DALCAHUE______110",
    ]

    /// The written quota is 60 an hour; what users see refused begins between 350 and 530.
    package static let rate = RequestRate(count: 350, seconds: 3600)

    /// The source whose rows this build fetches.
    static let online = "online"
    static let path = "/costo-marginal-online/v4/findByDate"
    /// The largest page that every endpoint gave without a 502.
    static let pageRows = 4000
    static let quarterSeconds: Int64 = 900
    /// From an hour's start until it is due: its own length and the lag.
    static let dueAfterStart: Int64 = 3600 + dueLagSeconds
    static let dueLagSeconds: Int64 = 3 * 3600

    enum Shape {
        static let node = "node"
        static let scan = "scan"
    }

    /// What the two shapes of call cost.
    static let shapes = [
        // 31 days of quarters are 2,976 rows: one page. Longer ranges make the upstream fail.
        CallShape(name: Shape.node, kind: .window(periods: 31), fixed: Cost(requests: 1), secondsPerRequest: 4),
        // 1,641 buses (September 2026) of 96 quarters are 157,536 rows: 40 pages.
        CallShape(name: Shape.scan, kind: .sweep, fixed: Cost(requests: 40), secondsPerRequest: 4),
    ]
}

/// The dataset `cmg`: followed are `nodes` in the source `online`.
///
/// - Parameters:
///   - zone: `America/Santiago`; whole hours off UTC, so that local hours are hours of UTC and its odd days simply have 23 or 25.
///   - rate: what the upstream lets its key spend.
package func cmg(zone: Zone, nodes: [String], rate: RequestRate) -> Dataset {
    Dataset(
        name: "cmg", title: "Marginal cost of electricity in Chile, hour by hour at each bus", keys: ["node", "source"],
        unit: "USD/MWh", zone: zone, calendar: Calendar(ruler: .every(seconds: 3600, anchor: 0), parts: 4),
        // The newest online hour is 1.3 to 2.5 hours behind the clock, seldom more than 3.
        dueLag: { _ in Int(CMG.dueLagSeconds) }, horizonDays: 30, shapes: CMG.shapes, periods: .days(zone),
        upstream: UpstreamProfile(
            name: "sip", credential: .query("user_key"), rate: rate, requestsInFlight: 4, timeoutSeconds: 60,
            bodyBytesMax: 8 << 20),
        exchange: { CMGExchange($0, zone: zone) }, schema: CMG.schema(zone: zone),
        slotFields: CMG.slotFields, partFields: CMG.partFields, followed: nodes.map { SeriesKey([$0, CMG.online]) })
}
