package import Bytes
package import Series

/// Water levels of tide gauges, hour by hour, as a service of a hydrographic office tells them.
package enum Tides {
    /// What the office lets a client ask.
    package static let rate = RequestRate(count: 60, seconds: 60)

    /// Days that one call may name.
    static let windowDays = 31
    static let hourSeconds = 3600
    static let days = Ruler.every(seconds: 86_400, anchor: 0)
    static let hours = Ruler.every(seconds: hourSeconds, anchor: 0)

    /// One spelling for one meaning: `hook-head` is `HOOK-HEAD`. nil for what can be no station.
    @Sendable package static func canonical(_ name: String, _ value: String) -> String? {
        let isStation = (1...32).contains(value.utf8.count) && value.utf8.allSatisfy { byte in
            byte == UInt8(ascii: "-") || byte &- UInt8(ascii: "0") < 10 || (byte | 0x20) &- UInt8(ascii: "a") < 26
        }
        return name != "station" ? value : isStation ? value.uppercased() : nil
    }
}

/// The dataset `tides`.
///
/// - Parameters:
///   - zone: UTC, by which the office counts hours.
///   - stations: which gauges are followed, in their canonical spelling.
///   - rate: what the office lets a client ask.
package func tides(zone: Zone, stations: [String], rate: RequestRate) -> Dataset {
    Dataset(
        name: "tides", title: "Water levels of tide gauges, hour by hour", keys: ["station"], unit: "m", zone: zone,
        // Which slots exist, and when each is due.
        calendars: .alike(Calendar(ruler: Tides.hours)), dueLag: { _ in 3600 }, horizonDays: 30,
        // What a call can cover and what it costs.
        shapes: [
            CallShape(
                name: "window", kind: .window(periods: Tides.windowDays), fixed: Cost(requests: 1), secondsPerRequest: 1)
        ],
        periods: Tides.days,
        // How a call goes.
        upstream: UpstreamProfile(
            name: "gauges", credential: .header("X-Key"), rate: rate, requestsInFlight: 2, timeoutSeconds: 30, bodyBytesMax: 1 << 20),
        exchange: { TidesExchange($0) },
        // What a row looks like, and how it is shown.
        schema: Tides.schema, slotFields: Tides.fields, partFields: Tides.fields,
        // Which series are followed.
        followed: stations.map { SeriesKey([$0]) },
        // What else is not as the engine takes it to be.
        askLag: { _ in 600 }, absenceWords: .always("no_reading"),
        schedules: [
            DatasetSchedule("fresh", .hourly(minute: 5), .missing(daysBack: 1), lane: .live),
            DatasetSchedule("nightly", .daily(minutes: [2 * 60], zone), .missing(daysBack: 30), lane: .repair),
            DatasetSchedule("corrections", .daily(minutes: [3 * 60], zone), .corrections, lane: .repair),
        ],
        corrections: [Correction(keys: [:], ages: [1, 7])], canonical: Tides.canonical,
        reasonTexts: ["no_reading": "Wait: the gauge told nothing of this hour, and the office is asked again at growing distances."])
}
