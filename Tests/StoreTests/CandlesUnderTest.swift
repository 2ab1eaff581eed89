import Bytes
@testable import Datasets
import EventLoop
import Series
@testable import Store
import Testing

/// Candles of pairs and intervals, as Kraken's: what follows from others is tried on them.
enum Candles {
    static func dataset(_ pairs: [String], _ intervals: [Int], lag: Int = 0) -> Dataset {
        Dataset(
            name: "candles", title: "Candles", keys: ["pair", "interval"], unit: "1", zone: .utc,
            calendars: .each(finest: .every(seconds: 60, anchor: 0), of: { Calendar(ruler: ruler(Int($0.values[1]) ?? 1)) }),
            dueLag: { _ in lag }, horizonDays: 10, shapes: [], periods: ruler(1),
            upstream: .nowhere,
            exchange: { _ in preconditionFailure("this dataset makes no calls") },
            schema: RowSchema(
                table: "candle_rows",
                columns: [
                    .init("open", .decimal), .init("high", .decimal), .init("low", .decimal), .init("close", .decimal),
                    .init("vwap", .decimal), .init("volume", .decimal), .init("trades", .integer), .init("source", .text),
                ],
                migrations: [
                    .init(name: "0001 rows", sql: """
                        create table candle_rows (
                            series_id int not null references series, time timestamptz not null, open numeric not null,
                            high numeric not null, low numeric not null, close numeric not null, vwap numeric, volume numeric not null,
                            trades bigint not null,
                            source text not null, task_id bigint not null, primary key (series_id, time));
                        """)
                ]),
            slotFields: [], partFields: [], followed: pairs.flatMap { pair in intervals.map { SeriesKey([pair, String($0)]) } },
            channel: { $0.values[0] }, absenceWords: .always("no_trade"), emptyReasons: ["no_trade", "downtime"], beginsWithFirstRow: true,
            derivation: KrakenDerivation.derivation)
    }

    static func ruler(_ minutes: Int) -> Ruler { .every(seconds: minutes * 60, anchor: 0) }

    /// A candle by its trades: price and volume.
    static func values(_ trades: [(price: Int, volume: Int)], _ source: String) -> [Value] {
        let prices = trades.map(\.price)
        func decimal(_ value: Int?) -> Value { .decimal(Decimal(value ?? 0)) }
        return [
            decimal(prices.first), decimal(prices.max()), decimal(prices.min()), decimal(prices.last), .null,
            decimal(trades.reduce(0) { $0 + $1.volume }), .integer(Int64(trades.count)), .text(source),
        ]
    }
}

/// What really happened in one pair, minute by minute.
struct Tape {
    var trades: [Int: [(price: Int, volume: Int)]] = [:]

    /// In one candle.
    func within(_ minutes: Range<Int>) -> [(price: Int, volume: Int)] { minutes.flatMap { trades[$0] ?? [] } }
}
