package import Bytes
package import Series

/// Chile's marginal costs of electricity ("costo marginal"), published by the Coordinador Eléctrico Nacional through its SIP API.
///
/// Four sources (`CMGSource`): real and online costs come as quarter-hours for each bus, an hour being whole when its four quarters
/// are held; the programmes PID and PCP come as hours, for some buses only and by names of their own (`ProgrammeNodes`).
package enum CMG {
    /// The buses of Chiloé and its feed, as `barra_transf` names them in the real and online sources: the nodes that the public
    /// repository TM3-Corp/pudidi_cmg_prediction follows, the last three since 2025-08-29.
    package static let chiloeNodes = [
        "CHILOE________220", "CHILOE________110", "QUELLON_______110", "QUELLON_______013", "CHONCHI_______110", "DALCAHUE______023",
        "NVA_P.MONTT___220", "PIDPID________110", "DALCAHUE______110",
    ]

    /// The written quota is 60 an hour; what users see refused begins between 350 and 530.
    package static let rate = RequestRate(count: 350, seconds: 3600)

    static let quarterSeconds: Int64 = 900

    /// What is followed: nodes times sources, the programmes only for nodes that they know.
    package struct Following: Sendable {
        package let nodes: [String]
        package let sources: [CMGSource]
        /// Local days before today that the source `online` still serves. The one piece of evidence is that rows of 28 months ago
        /// were gone (February 2024, asked for in the middle of 2026).
        package let onlineWindowDays: Int
        package let programmeNodes: ProgrammeNodes

        package static let onlineWindowDays = 850

        package init(
            nodes: [String] = CMG.chiloeNodes, sources: [CMGSource] = CMGSource.allCases,
            onlineWindowDays: Int = Following.onlineWindowDays, programmeNodes: ProgrammeNodes = .builtIn
        ) {
            self.nodes = nodes
            self.sources = sources
            self.onlineWindowDays = onlineWindowDays
            self.programmeNodes = programmeNodes
        }

        package var series: [SeriesKey] {
            // A node named twice is one.
            var seen: Set<String> = []
            return nodes.filter { seen.insert($0).inserted }.flatMap { node in
                sources.filter { !$0.isProgramme || programmeNodes[node] != nil }.map { SeriesKey([node, $0.rawValue]) }
            }
        }
    }
}

/// The dataset `cmg`.
///
/// - Parameters:
///   - zone: `America/Santiago`; whole hours off UTC, so that local hours are hours of UTC and its odd days simply have 23 or 25.
///   - rate: what the upstream lets its key spend.
package func cmg(zone: Zone, following: CMG.Following, rate: RequestRate) -> Dataset {
    let programmeNodes = following.programmeNodes
    let windowDays = following.onlineWindowDays
    return Dataset(
        name: "cmg", title: "Marginal cost of electricity in Chile, hour by hour at each bus", keys: ["node", "source"],
        unit: "USD/MWh", zone: zone,
        calendars: .alike(Calendar(ruler: .every(seconds: 3600, anchor: 0), parts: 4)),
        dueLag: { CMGSource($0)?.dueLagSeconds ?? 0 }, horizonDays: 30, shapes: CMGSource.allCases.flatMap(\.shapes),
        periods: .days(zone),
        upstream: UpstreamProfile(
            name: "sip", credential: .query("user_key"), rate: rate, requestsInFlight: 4, timeoutSeconds: 60,
            bodyBytesMax: 8 << 20),
        exchange: { order -> any Exchange in
            guard let quest = CMGQuest(order, zone: zone, nodes: programmeNodes) else { return UnknownShape() }
            return CMGExchange(order, quest)
        },
        schema: CMG.schema(zone: zone),
        slotFields: CMG.slotFields, partFields: CMG.partFields, followed: following.series,
        channel: { CMGSource($0)?.rawValue ?? "" }, partsPerRow: { CMGSource($0)?.isProgramme == true ? 4 : 1 },
        reach: { key, now in CMGSource(key)?.reach(zone: zone, windowDays: windowDays, now: now) },
        askLag: { CMGSource($0)?.askLagSeconds ?? 0 },
        absenceWords: .bySlot { key, start in CMGDays.absenceReason(CMGSource(key), start: start, zone: zone) },
        lostReasons: CMGDays.lostReasons, priced: CMG.priced,
        schedules: CMG.schedules(zone), corrections: CMG.corrections,
        reread: CMG.reread(zone: zone, nodes: programmeNodes), reasonTexts: CMGDays.lostTexts)
}
