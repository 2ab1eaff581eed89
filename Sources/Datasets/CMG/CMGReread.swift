internal import Bytes
internal import Series

extension CMG {
    /// Reads a refused record again, as the one record of a page of its own. On a person's word a price may be beyond what is taken
    /// else; a record without a price, or of which the hour cannot be told, is no row on anybody's.
    static func reread(zone: Zone, nodes: ProgrammeNodes) -> Reread {
        { key, kept, leniently in
            guard let source = CMGSource(key), let time = kept.time else {
                return .failure(RereadRefusal("it does not say which hour it is of"))
            }
            let day = zone.day(at: time).daysSince1970
            let order = CallOrder(shape: source.rawValue + CMGSource.scanSuffix, series: [key], periods: day..<day + 1)
            guard var quest = CMGQuest(order, zone: zone, nodes: nodes) else { return .failure(RereadRefusal("no such source")) }
            quest.isLenient = leniently
            let body = Array("{\"data\":[".utf8) + Array(kept.record.utf8) + Array("]}".utf8)
            guard let page = try? CMGPage(body, for: quest), page.records == 1 else {
                return .failure(RereadRefusal("it is not one JSON object"))
            }
            if let row = page.rows.first { return .success(row) }
            return .failure(RereadRefusal(page.quarantined.first?.reason ?? "its hour, or its bus, is of no use"))
        }
    }
}
