import Bytes
import Series

extension UpstreamProfile {
    /// One that nobody asks.
    static let nowhere = UpstreamProfile(
        name: "nowhere", credential: .none, rate: RequestRate(count: 10, seconds: 60), requestsInFlight: 1, timeoutSeconds: 1,
        bodyBytesMax: 1)
}

extension Dataset {
    /// Hours of two halves that no call fills, in a table of its own.
    ///
    /// - Parameter sql: the columns of the table that are the dataset's own, in their order.
    static func hours(
        _ name: String, keys: [String] = ["name"], of followed: [[String]], in table: String, _ columns: [RowSchema.Column], sql: String,
        rank: Int? = nil, dueLag: Int = 0, partsPerRow: @escaping @Sendable (SeriesKey) -> Int = { _ in 1 },
        reach: @escaping @Sendable (SeriesKey, Int64) -> Reach? = { _, _ in nil }, absenceWords: AbsenceWords = .always("no_record"),
        lostReasons: Set<String> = [], emptyReasons: Set<String> = [], reread: Reread? = nil,
        quality: QualityRules? = nil, carry: RowSchema.Carry? = nil
    ) -> Dataset {
        Dataset(
            name: name, title: "Hours of two halves", keys: keys, unit: "1", zone: .utc,
            calendars: .alike(Calendar(ruler: .every(seconds: 3600, anchor: 0), parts: 2)), dueLag: { _ in dueLag }, horizonDays: 1,
            shapes: [], periods: .days(.utc), upstream: .nowhere,
            exchange: { _ in preconditionFailure("this dataset makes no calls") },
            schema: RowSchema(
                table: table, columns: columns, rank: rank, carry: carry,
                migrations: [
                    .init(name: "0001 rows", sql: """
                        create table \(table) (
                            series_id int not null references series, time timestamptz not null, \(sql), task_id bigint,
                            primary key (series_id, time));
                        """)
                ]),
            slotFields: [], partFields: [], followed: followed.map { SeriesKey($0) }, partsPerRow: partsPerRow, reach: reach,
            absenceWords: absenceWords, lostReasons: lostReasons, emptyReasons: emptyReasons, reread: reread,
            quality: quality)
    }
}
