@testable import Answers
import Bytes
import EventLoop
import Foundation
import Postgres
import Redis
import Series
import Store
import Testing
import TestSupport

/// Hours of four quarters in Santiago, two nodes and two sources, without an upstream.
enum Quarters {
    static let zone = Result { try Zone.load("America/Santiago") }

    /// Why the upstream does not serve a series before an instant.
    typealias ReachRule = @Sendable (SeriesKey, Int64) -> Reach?

    /// `wholeHours`: a source with one row an hour, which comes in editions ranked by `issued`.
    static func dataset(
        reach: @escaping ReachRule = { _, _ in nil }, wholeHours: String? = nil, quality: QualityRules? = nil
    ) throws -> Dataset {
        let zone = try zone.get()
        let issued = wholeHours == nil ? [] : [RowSchema.Column("issued", .integer)]
        let keys = ["a", "b"].flatMap { node in ["online", "real"].map { SeriesKey([node, $0]) } }
        return Dataset(
            name: "quarters", title: "Hours of four quarters", keys: ["node", "source"], unit: "USD/MWh", zone: zone,
            calendars: .alike(Series.Calendar(ruler: .every(seconds: 3600, anchor: 0), parts: 4)),
            dueLag: { $0.values[1] == "real" ? 864_000 : 10_800 }, horizonDays: 3,
            shapes: [CallShape(name: "day", kind: .sweep, fixed: Cost(requests: 3), secondsPerRequest: 1)], periods: .days(zone),
            upstream: UpstreamProfile(
                name: "nowhere", credential: .none, rate: RequestRate(count: 350, seconds: 3600), requestsInFlight: 1,
                timeoutSeconds: 1, bodyBytesMax: 1),
            exchange: { _ in preconditionFailure("this dataset makes no calls") },
            schema: RowSchema(
                table: "quarter_rows", columns: [.init("price", .decimal), .init("note", .text)] + issued,
                rank: wholeHours == nil ? nil : 2, migrations: [
                    .init(name: "0001 rows", sql: """
                        create table quarter_rows (
                            series_id int not null references series, time timestamptz not null, price numeric not null, note text,
                            issued bigint, task_id bigint not null, primary key (series_id, time));
                        """)
                ]),
            slotFields: [
                ShownField("datetime", .instant), ShownField("hour", .localHour), ShownField("node", .key(0)),
                ShownField("source", .key(1)), ShownField("value", .mean(column: 0)), ShownField("quarters", .partCount),
            ],
            partFields: [
                ShownField("datetime", .instant), ShownField("date", .localDate), ShownField("node", .key(0)),
                ShownField("source", .key(1)), ShownField("value", .value(column: 0)), ShownField("note", .value(column: 1)),
            ],
            followed: keys, partsPerRow: { $0.values[1] == wholeHours ? 4 : 1 }, reach: reach,
            schedules: [DatasetSchedule("fresh", .hourly(minute: 5), .missing(daysBack: 1), lane: .live)], reread: reread,
            quality: quality, reasonTexts: ["overwritten": "None: the second one's values stand in its place."])
    }

    /// Records are `START PRICE`; no price is above 1,000.
    private static let reread: Reread = { _, kept, leniently in
        let words = kept.record.split(separator: " ")
        guard words.count == 2, let time = Int64(words[0]), let price = Bytes.Decimal(String(words[1])) else {
            return .failure(RereadRefusal("price is not a number"))
        }
        if !leniently, price > Bytes.Decimal(1000) { return .failure(RereadRefusal("price is above 1000")) }
        return .success(Row(series: 0, time: time, values: [.decimal(price), .null]))
    }
}

/// A fresh database with the dataset's four series, and what happened on the way to answers.
final class ReaderUnderTest {
    let loop: Loop
    let dataset: Dataset
    let store: Store
    let redis: RedisConnection?
    let clock: ServiceClock
    /// By key: `a/online`.
    let ids: [String: Int]
    private(set) var events: [ReadEvent] = []
    private(set) var reader: Reader!

    /// `now` is shown time; `redis` a socket, nil for none.
    static func with<T: Sendable>(
        now: String, redis socket: String? = nil, reach: @escaping Quarters.ReachRule = { _, _ in nil }, wholeHours: String? = nil,
        _ body: @escaping @Sendable (isolated Loop, ReaderUnderTest) async throws -> T
    ) async throws -> T {
        try await with(try Quarters.dataset(reach: reach, wholeHours: wholeHours), now: now, redis: socket, body)
    }

    static func with<T: Sendable>(
        _ dataset: Dataset, now: String, redis socket: String? = nil,
        _ body: @escaping @Sendable (isolated Loop, ReaderUnderTest) async throws -> T
    ) async throws -> T {
        let shown = try Timestamp.parse(now)
        return try await TestServers.withDatabase("answers test") { connection in
            _ = try await Store.migrate(connection, datasets: [dataset])
        } _: { loop, pool in
            let store = Store(pool: pool)
            let ids = try await store.ensureSeries(dataset.followed, of: dataset.name, now: shown - 86_400 * 30)
            let named = Dictionary(uniqueKeysWithValues: zip(dataset.followed.map(\.description), ids))
            let redis = socket.map { path in
                // The product gives its cache 50 ms; a test must not take a busy machine for a cache that is away.
                var configuration = RedisConfiguration(.unix(path: path))
                configuration.connectTimeout = .seconds(10)
                configuration.commandTimeout = .seconds(10)
                return RedisConnection(configuration, on: loop)
            }
            defer { redis?.close() }
            let clock = ServiceClock(.init(realAt: Int64(ServiceClock.realNow), shownAt: shown, speed: 1))
            return try await body(loop, ReaderUnderTest(loop, dataset, store, redis, clock, named))
        }
    }

    private init(_ loop: Loop, _ dataset: Dataset, _ store: Store, _ redis: RedisConnection?, _ clock: ServiceClock, _ ids: [String: Int]) {
        self.loop = loop
        self.dataset = dataset
        self.store = store
        self.redis = redis
        self.clock = clock
        self.ids = ids
        reader = another()
    }

    /// A reader with no memory of its own yet, on the same store and the same Redis.
    func another(clock: ServiceClock? = nil) -> Reader {
        Reader(loop: loop, store: store, redis: redis, datasets: [dataset], clock: clock ?? self.clock, lease: .seconds(60)) {
            self.events.append($0)
        }
    }

    func forget() {
        reader = another()
        events = []
    }

    func takeEvents() -> [ReadEvent] {
        defer { events = [] }
        return events
    }

    /// Stores rows the way a worker does.
    func store(_ rows: [StoredRow], now: Int64 = 0) async throws {
        try await finish(rows, Set(rows.map(\.seriesID)), days: 0..<1, askedAt: nil, now: now == 0 ? clock.now : now)
    }

    /// A call over local days (since 1970) that ends as proved without a row. Returns its task.
    @discardableResult
    func silence(_ series: [String], days: Range<Int>, now: Int64? = nil) async throws -> Int64 {
        let ids = Set(series.compactMap { self.ids[$0] })
        return try await finish([], ids, days: days, askedAt: now ?? clock.now, now: now ?? clock.now)
    }

    /// A call of a series that brings nothing but what is refused, over local days. Returns its task.
    @discardableResult
    func refuse(_ series: String, _ records: [QuarantinedRecord], days: Range<Int>) async throws -> Int64 {
        let id = try #require(ids[series])
        return try await finish([], [id], days: days, askedAt: nil, now: clock.now, refused: records)
    }

    @discardableResult
    func finish(
        _ rows: [StoredRow], _ ids: Set<Int>, days: Range<Int>, askedAt: Int64?, now: Int64, refused: [QuarantinedRecord] = [],
        marks: [Int: [String: Int]] = [:], shape: String = "day"
    ) async throws -> Int64 {
        _ = try await store.insertIngestion(
            Store.NewIngestion(
                dataset: dataset.name, selection: "{}", selectionDigest: "\(Int.random(in: 0..<Int.max))", planID: nil, requestedBy: "test",
                figures: PlanFigures(
                    gaps: 1, slots: 1, cost: Cost(requests: 1), lowerBound: Cost(requests: 1), optimality: .proven, estimatedSeconds: 1),
                calls: [
                    StoredCall(
                        shape: shape, seriesIDs: Array(ids), periods: days, covers: 1, requests: 1, tokens: 0)
                ], filedAt: 0))
        let claimed = try await store.claimTask(worker: "w", datasets: [dataset.name], leaseSeconds: 60)
        let task = try #require(claimed)
        var result = TaskResult(ended: .proved, reason: "one page")
        result.rows = rows
        result.askedAt = askedAt
        var refusals = Refusals()
        refusals.add(refused)
        result.refused = RefusedRecords(refusals, of: task.seriesIDs)
        result.quarantined = refusals.count
        result.marks = marks
        _ = try await store.finish(task, with: result, dataset: dataset, now: now)
        return task.id
    }

    /// Every quarter of a stretch, but those that `except` names by their start. Values differ from quarter to quarter.
    func fill(_ series: String, _ from: String, _ to: String, except: Set<Int64> = []) async throws {
        let id = try #require(ids[series])
        let (first, end) = (try Timestamp.parse(from), try Timestamp.parse(to))
        let times = stride(from: first, to: end, by: 900).filter { !except.contains($0) }
        let rest = Array(repeating: Value.null, count: dataset.table.schema.columns.count - 2)
        try await store(times.map {
            StoredRow(seriesID: id, time: $0, values: [.decimal(Quarters.price(at: $0)), .text("n")] + rest)
        })
    }

    func query(
        nodes: [String] = ["a"], sources: [String] = ["online"], _ from: String, _ to: String,
        _ change: (inout HistoryQuery) -> Void = { _ in }
    ) throws -> HistoryQuery {
        var query = HistoryQuery(
            dataset: "quarters", keys: ["node": nodes, "source": sources], from: try Timestamp.parse(from), to: try Timestamp.parse(to))
        change(&query)
        return query
    }
}

extension Quarters {
    /// Five decimals, as the operator's prices have.
    static func price(at time: Int64) -> Bytes.Decimal {
        let quarter = time / 900 % 977
        return Bytes.Decimal(mantissa: 5_000_001 + quarter * quarter % 977 * 131, scale: 5)!
    }
}

struct JSONAnswer {
    let object: [String: Any]

    init(_ answer: Answer) throws {
        object = try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
    }

    var rows: [[String: Any]] { object["data"] as? [[String: Any]] ?? [] }
    var coverage: [String: Any] { object["coverage"] as? [String: Any] ?? [:] }
    subscript(name: String) -> Any? { object[name] }
    func int(_ name: String) -> Int? { object[name] as? Int }
}

extension Answer {
    var text: String { String(decoding: body, as: UTF8.self) }
}

/// The error of type `AnswerError` that `body` throws, nil where it throws none.
func answerError(_ body: () async throws -> Void) async throws -> AnswerError? {
    do { try await body() } catch let error as AnswerError { return error }
    return nil
}
