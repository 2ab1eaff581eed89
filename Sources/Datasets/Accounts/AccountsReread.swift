internal import Bytes
internal import Series

/// Reads a refused record again. On a person's word its figures may contradict each other; it must be of this series, tell its slot, and
/// count its trades.
enum AccountsReread {
    static let reread: Reread = { key, kept, leniently in
        guard key.values.count == 2, let grain = Accounts.Grain(rawValue: key.values[1]) else {
            return .failure(RereadRefusal("no such series"))
        }
        let text = Array(kept.record.utf8)
        let isJSON = (try? JSONValue(parsing: text)) != nil
        let record = AccountsRecord(isJSON ? text : MendedJSON.bytes(text), grain, leniently: leniently)
        if let flaw = record.flaw { return .failure(RereadRefusal(flaw)) }
        guard record.account == key.values[0], let time = record.time(grain) else {
            return .failure(RereadRefusal("of another account"))
        }
        return .success(Row(series: 0, time: time, values: record.values))
    }
}
