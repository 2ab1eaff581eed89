import Bytes
import Series
import Testing

/// What the schedules of a dataset take on a day on which nothing goes wrong, counted by hand.
@Suite struct TypicalDayTests {
    private static let nightly = DatasetSchedule("nightly", .daily(minutes: [180], .utc), .missing(daysBack: 30), lane: .repair)
    private static let fresh = DatasetSchedule("fresh", .hourly(minute: 5), .missing(daysBack: 1), lane: .live)
    private static let again = DatasetSchedule("again", .daily(minutes: [330], .utc), .corrections, lane: .repair)

    /// Hours that are due an hour after their end; a look at a day of all series takes `price` requests.
    private static func requests(_ schedules: [DatasetSchedule], price: Int = 2, lag: Int = 3600) -> Double {
        let shape = CallShape(name: "day", kind: .sweep, fixed: Cost(requests: price), secondsPerRequest: 1)
        let dataset = Dataset(
            name: "hours", title: "Hours", keys: ["name"], unit: "1", zone: .utc,
            calendars: .alike(Calendar(ruler: .every(seconds: 3600, anchor: 0))), dueLag: { _ in lag }, horizonDays: 30, shapes: [shape],
            periods: .days(.utc),
            upstream: UpstreamProfile(
                name: "far", credential: .none, rate: RequestRate(count: 10, seconds: 3600), requestsInFlight: 1, timeoutSeconds: 1,
                bodyBytesMax: 1),
            exchange: { _ in preconditionFailure("this dataset makes no calls") },
            schema: RowSchema(table: "none", columns: [], migrations: []), slotFields: [], partFields: [],
            followed: [SeriesKey(["a"]), SeriesKey(["b"])], schedules: schedules,
            corrections: [Correction(keys: [:], ages: [1, 2]), Correction(keys: ["name": ["a"]], ages: [5])])
        return SteadyDemand(typicalOf: dataset, now: 1_764_763_200, shapes: dataset.shapes).requestsPerDay
    }

    @Test func eachRunTakesWhatFellDueSinceTheLast() {
        #expect(Self.requests([]) == 0)
        // An hour falls due each hour: a look at its day, for both series.
        #expect(Self.requests([Self.fresh]) == 48)
        // The night's run takes what falls due on its minute, and the next hour's none: as many in all.
        #expect(Self.requests([Self.fresh, Self.nightly]) == 48)
        // Alone it looks at two days: since the last one the day has changed.
        #expect(Self.requests([Self.nightly]) == 4)
        // Three days again.
        #expect(Self.requests([Self.again]) == 6)
        #expect(Self.requests([Self.again, Self.nightly, Self.fresh]) == 54)
        #expect(Self.requests([Self.again, Self.nightly, Self.fresh], price: 1) == 27)
        // What is due ten days late only the night's run asks for: two days of it.
        #expect(Self.requests([Self.fresh, Self.nightly], lag: 864_000) == 4)
    }
}
