/// The four listings of the imitated service, by the words that the side channels use.
package enum Source: String, Sendable, Hashable, CaseIterable {
    /// Settled prices by quarter of an hour: late, first preliminary, then definitive, then corrected.
    case real
    /// Prices by quarter of an hour as they become known.
    case online
    /// The programmes of the running day, several a day, by the hour.
    case pid
    /// The programme of the next days, one a day, by the hour.
    case pcp

    var path: String {
        switch self {
        case .real: "/costo-marginal-real/v4/findByDate"
        case .online: "/costo-marginal-online/v4/findByDate"
        case .pid: "/cmg-programado-pid/v4/findByDate"
        case .pcp: "/cmg-programado-pcp/v4/findByDate"
        }
    }

    init?(path: String) {
        guard let source = Source.allCases.first(where: { $0.path == path }) else { return nil }
        self = source
    }

    var isProgramme: Bool { self == .pid || self == .pcp }

    /// How an unfiltered scan counts its pages where no fault says otherwise.
    var pageBase: Sandbox.PageBase { isProgramme ? .one : .both }

    /// The most rows a page; more end in 502. Each as users of the service found it.
    var limitCeiling: Int {
        switch self {
        case .real, .online: 10_000
        case .pid: 5_000
        case .pcp: 20_000
        }
    }
}
