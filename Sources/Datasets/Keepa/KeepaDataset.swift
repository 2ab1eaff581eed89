package import Bytes
package import Series

/// The dataset `keepa`.
///
/// - Parameters:
///   - zone: UTC.
///   - options: what settings say.
///   - rate: plain requests, beside the tokens.
package func keepa(zone: Zone, options: Keepa.Options = Keepa.Options(), rate: RequestRate = Keepa.rate) -> Dataset {
    let calendar = KeepaCalendar(options.refresh)
    let groups = Keepa.Group.allCases.map(\.rawValue)
    let refresh = options.refresh
    let historyDays = (refresh.historySeconds + 86_399) / 86_400
    return Dataset(
        name: "keepa", title: "Prices and sales of products on Amazon", keys: ["asin", "group"], unit: options.domain.currency, zone: zone,
        calendars: .each(finest: calendar.periods, of: { Calendar(ruler: calendar.ruler(of: $0)) }), dueLag: { _ in 0 },
        // The slot in progress lies within the horizon, however long ago it began.
        horizonDays: max(30, historyDays + 1), shapes: Keepa.shapes(options), periods: calendar.periods,
        upstream: UpstreamProfile(
            name: "keepa", credential: .query("key"), rate: rate, requestsInFlight: 2, timeoutSeconds: 180, bodyBytesMax: 128 << 20,
            tokens: TokenRules(refillPerMinute: 5, capacityMinutes: 60, floor: options.floor, reading: KeepaEnvelope.read)),
        exchange: { order -> any Exchange in
            if let exchange = KeepaExchange(order, options) { return exchange }
            return UnknownShape()
        },
        schema: Keepa.schema(options), slotFields: Keepa.fields, partFields: Keepa.fields,
        followed: options.asins.flatMap { asin in groups.map { SeriesKey([asin, $0]) } },
        reach: { key, now in calendar.reach(key, now: now) },
        // All of a slot is time to ask in.
        askLag: { Keepa.group($0) == .current ? refresh.currentSeconds : refresh.historySeconds },
        absenceWords: .always(Keepa.absent), schedules: Keepa.schedules, group: { Keepa.group($0).rawValue }, fetchesToday: false,
        canonical: Keepa.canonical, followsStored: options.asins.isEmpty, servesSeries: Keepa.serves,
        defaults: { $0 == "group" ? groups : [] },
        keyValues: { $0 == "group" ? groups : [] },
        // A refused product is longer than what is kept of it, so that it cannot be read again.
        reread: nil, dueFrom: .slotBegin, family: { $0.values[0] }, readDefaults: ["group": Keepa.Group.current.rawValue],
        reasonTexts: Keepa.reasonTexts, beginsWhenFollowed: true,
        terms: "domain \(options.domain.rawValue), KEEPA_REFRESH_CURRENT=\(ISODuration.text(Int64(options.refresh.currentSeconds)))"
            + ", KEEPA_REFRESH_HISTORY=\(ISODuration.text(Int64(options.refresh.historySeconds)))")
}
