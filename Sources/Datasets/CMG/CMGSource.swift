internal import Bytes
internal import Series

/// The four listings of marginal costs that the SIP API has: where each is, how it speaks, when its hours are due.
///
/// | source | rows | published | pages begin at |
/// |---|---|---|---|
/// | real | quarters, every bus | 7 to 10 days later, from 2024-07-15 on (1) | 0 filtered; unfiltered 1, and 0 answers as 1 does |
/// | online | quarters, every bus | quarter by quarter, 1.3 to 2.5 hours behind, seldom 5; a rolling window | the same |
/// | pid | hours, some 250 buses, of several programmes | several programmes a day, each from its own hour on | 1: 0 is answered 502 |
/// | pcp | the same | one programme a day at about 04:00, for that day and the two after | 1 |
///
/// (1) Preliminary, then definitive, then corrected.
///
/// Read off public code that uses the API (marcelomatus/gtopt, ukubrick/ctm-mejillones, kashibeokok-art/cmg-ingesta,
/// TM3-Corp/pudidi_cmg_prediction); the filter by bus is in the API's own description for real and online.
package enum CMGSource: String, Sendable, CaseIterable {
    case real, online, pid, pcp

    init?(_ key: SeriesKey) {
        guard key.values.count == 2 else { return nil }
        self.init(rawValue: key.values[1])
    }

    var isProgramme: Bool { self == .pid || self == .pcp }

    var path: String {
        switch self {
        case .real: "/costo-marginal-real/v4/findByDate"
        case .online: "/costo-marginal-online/v4/findByDate"
        case .pid: "/cmg-programado-pid/v4/findByDate"
        case .pcp: "/cmg-programado-pcp/v4/findByDate"
        }
    }

    /// The page from which an unfiltered scan starts. 1 exists everywhere; where it turns out to be the second page, 0 is asked for too.
    var firstPage: Int { 1 }

    /// Seconds from an hour's end until it is due.
    ///
    /// A programme's hour is due once no later programme can change it, for what is held is not asked for again: the programme PCP of
    /// an hour's own day appears at about 04:00 and covers the day from its first hour on, which ends at 01:00 (downloads saw it
    /// between 02:00 and 05:00); a programme PID covers hours from its own on and is out within the hour or so.
    var dueLagSeconds: Int {
        switch self {
        case .real: 10 * 86_400
        case .online: 3 * 3600
        case .pid: 3600
        case .pcp: 5 * 3600
        }
    }

    /// Real costs come by days, at some time of the day: the night's run and the afternoon's ask for them, not each hour's.
    var askLagSeconds: Int { self == .real ? 86_400 : 0 }

    /// Whether a call may end as soon as every quarter asked for came: nothing can come that would be better. Of the programmes a
    /// later issue may stand on any page.
    var endsEarly: Bool { !isProgramme }

    func reach(zone: Zone, windowDays: Int, now: Int64) -> Reach? {
        switch self {
        case .real:
            return Reach(
                from: zone.start(of: CMGSource.realFirstDay), reason: "before_first_day",
                action: "ask for days from 2024-07-15 on: the upstream has no real costs before")
        case .online:
            let today = zone.day(at: now)
            return Reach(
                from: zone.start(of: today.advanced(by: -windowDays)), reason: "outside_window",
                action: "ask for the source real instead: the upstream drops online costs after a while (CMG_ONLINE_WINDOW)",
                holds: zone.start(of: today)..<zone.start(of: today.advanced(by: 1)))
        case .pid, .pcp: return nil
        }
    }

    private static let realFirstDay = LocalDate(daysSince1970: 19_919)
}
