internal import Bytes
package import Series

extension Equities {
    /// Reads a refused bar again. On a person's word its prices may contradict each other; it must be of this ticker and of a session, and
    /// have prices above zero and a volume. One of two that contradict each other is taken on a person's word only, and so is one that
    /// came as a bar of another session than its instant names.
    package static func reread(_ sessions: EquitySessions) -> Reread {
        { key, kept, leniently in
            guard let record = EquityRecord(Array(kept.record.utf8)) else { return .failure(RereadRefusal(EquityBar.Flaw.empty)) }
            let bar = EquityBar(record, leniently: leniently)
            if let flaw = bar.flaw { return .failure(RereadRefusal(flaw)) }
            if let ticker = record.ticker, ticker != key.values.first { return .failure(RereadRefusal("of another ticker")) }
            if let reason = kept.reason, [EquityBar.Flaw.twice, EquityBar.Flaw.notThisSession].contains(reason), !leniently {
                return .failure(RereadRefusal(reason))
            }
            let isOfSession = kept.shape == Shape.session.rawValue
            guard let day = isOfSession ? sessions.day(closingAt: bar.stamp) : sessions.day(beginningAt: bar.stamp) else {
                return .failure(RereadRefusal(isOfSession ? EquityBar.Flaw.notThisSession : EquityBar.Flaw.notMidnight))
            }
            guard sessions.of(key).contains(day) else { return .failure(RereadRefusal(EquityBar.Flaw.notSession)) }
            let time = sessions.start(day)
            if let told = kept.time, told != time { return .failure(RereadRefusal(EquityBar.Flaw.notThisSession)) }
            return .success(Row(series: 0, time: time, values: bar.values))
        }
    }
}
