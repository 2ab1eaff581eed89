internal import Bytes
internal import Series

/// What is asked of the operator without anybody's asking.
extension CMG {
    /// By the clock of Chile. The night's run fills the holes of the horizon, several days at once as far as the quota goes; the
    /// afternoon's looks whether any are left, when most of what is published in the morning has come. In between, each hour's run
    /// asks for the slots that fell due since: slots fall due on the hour, and the upstream may be a moment late.
    static func schedules(_ zone: Zone) -> [DatasetSchedule] {
        [
            DatasetSchedule("nightly", .daily(minutes: [3 * 60], zone), .missing(daysBack: 30), lane: .repair),
            DatasetSchedule("check", .daily(minutes: [15 * 60], zone), .missing(daysBack: 30), lane: .repair),
            DatasetSchedule("fresh", .hourly(minute: 5), .missing(daysBack: 1), lane: .live),
            // After the day's own programme (about 04:00), and apart from the night's run.
            DatasetSchedule("corrections", .daily(minutes: [5 * 60 + 30], zone), .corrections, lane: .repair),
        ]
    }

    /// - real: a day appears after 7 to 10 days as REAL-PRE (TM3-Corp/pudidi_cmg_prediction, ukubrick/ctm-mejillones), is then replaced by
    ///   REAL-DEF, and is corrected once more by files that bear a later month's date (kashibeokok-art/cmg-ingesta). When REAL-DEF comes
    ///   nobody has written down: two weeks and three are asked for; a day that is 35 days old lies in an earlier month for sure, one of 65
    ///   days two months back.
    /// - online: a scan of the running day was found to lack quarters and to have some twice, while those of closed days in the same store
    ///   were whole (TM3-Corp/pudidi_cmg_prediction): a day is read once more when it is closed.
    /// - pid, pcp: hours are reissued while they lie ahead, and the programme of a day's morning covers it from its first hour on; of the
    ///   day before, every issue is out.
    static let corrections = [
        Correction(keys: ["source": ["real"]], ages: [14, 21, 35, 65]),
        Correction(keys: ["source": ["online", "pid", "pcp"]], ages: [1]),
    ]
}
