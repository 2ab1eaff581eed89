import Bytes
import Datasets
import EventLoop
import Postgres
import Series
@testable import Store
import Testing

/// Minute candles of two pairs, stored as Kraken's are; no calls.
func candles() -> Dataset {
    Dataset(
        name: "candles", title: "Candles", keys: ["pair", "interval"], unit: "1", zone: .utc,
        calendars: .alike(Series.Calendar(ruler: .every(seconds: 60, anchor: 0), parts: 1)), dueLag: { _ in 0 }, horizonDays: 1,
        shapes: [], periods: .every(seconds: 60, anchor: 0),
        upstream: .nowhere,
        exchange: { _ in preconditionFailure("this dataset makes no calls") }, schema: Kraken.schema, slotFields: [], partFields: [],
        followed: [SeriesKey(["AUSD", "1"]), SeriesKey(["BUSD", "1"])])
}

/// A candle of one minute, told by few numbers.
struct Candle: Equatable {
    /// Minutes since 1970.
    var minute: Int64
    /// Tenths.
    var price: Int64 = 1000
    /// Of 10^-8.
    var volume: Int64 = 123_456_789
    var trades: Int64 = 7

    init(_ minute: Int64, price: Int64 = 1000, volume: Int64 = 123_456_789) {
        self.minute = minute
        self.price = price
        self.volume = volume
    }

    var time: Int64 { minute * 60 }

    func values(_ source: String = "csv", vwap: String? = nil) -> [Value] {
        let price = Value.decimal(Decimal(mantissa: self.price, scale: 1)!)
        let high = Value.decimal(Decimal(mantissa: self.price + 5, scale: 1)!)
        return [
            price, high, price, high, vwap.map { .decimal(Decimal($0)!) } ?? .null, .decimal(Decimal(mantissa: volume, scale: 8)!),
            .integer(trades), .text(source),
        ]
    }

    func row(_ series: Int, _ source: String, vwap: String? = nil) -> StoredRow {
        StoredRow(seriesID: series, time: time, values: values(source, vwap: vwap))
    }

    static let emptyBatch = RowBatch(columns: [
        .decimals(mantissas: [], scales: []), .decimals(mantissas: [], scales: []), .decimals(mantissas: [], scales: []),
        .decimals(mantissas: [], scales: []), .same(.null), .decimals(mantissas: [], scales: []), .integers([]), .same(.text("csv")),
    ])

    func append(to batch: inout RowBatch) {
        batch.times.append(time)
        for (column, mantissa) in [(0, price), (1, price + 5), (2, price), (3, price + 5), (5, volume)] {
            guard case .decimals(var mantissas, var scales) = batch.columns[column] else { continue }
            batch.columns[column] = .same(.null)
            mantissas.append(mantissa)
            scales.append(column == 5 ? 8 : 1)
            batch.columns[column] = .decimals(mantissas: mantissas, scales: scales)
        }
        guard case .integers(var counts) = batch.columns[6] else { return }
        batch.columns[6] = .same(.null)
        counts.append(trades)
        batch.columns[6] = .integers(counts)
    }

    static func batch(_ candles: some Sequence<Candle>) -> RowBatch {
        var batch = emptyBatch
        for candle in candles { candle.append(to: &batch) }
        return batch
    }
}

extension StoreUnderTest {
    /// A digest for a content that tests name by a number.
    static func digest(_ content: UInt8) -> [UInt8] { [UInt8](repeating: content, count: 32) }

    /// `modified`: when it was written on disk; those that end alike are later editions by it.
    func register(
        _ content: UInt8, _ path: String? = nil, series: Int = 0, modified: Int64 = 5, now: Int64 = 0
    ) async throws -> ArchiveFile {
        try await store.registerArchiveFile(
            ArchiveContent(seriesID: ids[series], sha256: Self.digest(content), bytes: 100),
            at: ArchivePlace(path: path ?? "\(content).csv", size: 100, modifiedAt: modified, inode: Int64(content)), of: dataset.name,
            now: now)
    }

    /// Loads a file of these rows by a call of its own. `during`: before each batch is read. `end`: what is said at the end.
    @discardableResult
    func load(
        _ rows: [Candle], _ content: UInt8 = 1, series: Int = 0, modified: Int64 = 5, now: Int64 = 0, batch: Int = 500,
        end: LoadEnd? = nil,
        task given: ClaimedTask? = nil, during: @escaping (ClaimedTask, Int) async throws -> Void = { _, _ in }
    ) async throws -> LoadOutcome {
        let file = try await register(content, series: series, modified: modified, now: now)
        let task = if let given { given } else { try await begin() }
        return try await store.load(file: file.id, for: task, of: dataset, now: now) {
            var place = 0
            return {
                try await during(task, place)
                if place == rows.count { return .end(end ?? LoadEnd(sha256: Self.digest(content), rows: rows.count)) }
                let next = min(place + batch, rows.count)
                defer { place = next }
                return .rows(Candle.batch(rows[place..<next]))
            }
        }
    }

    /// Candles that are held of a series, by minute.
    func minutes(_ series: Int = 0) async throws -> [Int64: [Value]] {
        var minutes: [Int64: [Value]] = [:]
        for (place, values) in try await held() where place[0] == Int64(ids[series]) { minutes[place[1] / 60] = values }
        return minutes
    }

    func isSound() async throws -> Bool { try await store.verify(dataset).findings.isEmpty }

    /// Nothing of any load is in the store.
    func isUntouched() async throws -> Bool {
        let left = try await store.pool.query("""
            select (select count(*) from kraken_candles) + (select count(*) from revisions) + (select count(*) from receipts)
                + (select count(*) from archive_files where status = 'imported')
            """).only().int(0)
        let coverage = try await coverage()
        return left == 0 && coverage.allSatisfy(\.isEmpty)
    }
}

extension RowCounts {
    var all: [Int] { [written, unchanged, revised, supplemented, revisions] }
}
