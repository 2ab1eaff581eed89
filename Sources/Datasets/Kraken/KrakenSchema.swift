package import Series

package enum Kraken {
    enum Column {
        static let open = 0
        static let high = 1
        static let low = 2
        static let close = 3
        static let vwap = 4
        static let volume = 5
        static let trades = 6
        static let source = 7

        /// What every source tells of a candle: a file of the archive has no vwap, and a candle that is made of finer ones neither.
        static let shared = [open, high, low, close, volume, trades]
    }

    /// Where a candle is from.
    enum Source: String {
        /// Kraken's own candle: from a file of its archive, or from OHLC.
        case csv, api
        /// Made of Kraken's trades.
        case trades
        /// Made of finer candles.
        case derived

        /// A candle of a lower rank never replaces one of a higher.
        var rank: Int {
            switch self {
            case .csv, .api: 3
            case .trades: 2
            case .derived: 1
            }
        }

        static func rank(of row: [Value]) -> Int {
            if case .text(let word) = row[Column.source] { Source(rawValue: word)?.rank ?? 0 } else { 0 }
        }
    }

    package static let schema = RowSchema(
        table: "kraken_candles",
        columns: [
            .init("open", .decimal), .init("high", .decimal), .init("low", .decimal), .init("close", .decimal), .init("vwap", .decimal),
            .init("volume", .decimal), .init("trades", .integer), .init("source", .text),
        ],
        compared: Column.shared, merge: merge,
        migrations: [.init(name: "0001 candles", sql: candles), .init(name: "0002 view of candles", sql: view)])

    /// Where all that both tell is equal, the older stays, with the newer one's vwap where it has none; where not, the higher rank, and of
    /// equal ranks the newer.
    static func merge(older: [Value], newer: [Value]) -> [Value] {
        if Column.shared.contains(where: { older[$0] != newer[$0] }) {
            return Source.rank(of: newer) >= Source.rank(of: older) ? newer : older
        }
        var merged = older
        if merged[Column.vwap] == .null { merged[Column.vwap] = newer[Column.vwap] }
        return merged
    }

    private static let candles = """
        create table kraken_candles (
            series_id int not null,
            time timestamptz not null,
            open numeric not null,
            high numeric not null,
            low numeric not null,
            close numeric not null,
            vwap numeric,
            volume numeric not null,
            trades bigint not null,
            source text not null,
            task_id bigint,
            primary key (series_id, time),
            -- Cheap, for millions of rows come at once; what they cannot see is looked at where rows are read.
            constraint kraken_candles_sane check (high >= low and volume >= 0 and trades > 0)
        );
        comment on table kraken_candles is
            'Candles, one row an interval in which something was traded, of pairs and intervals by their series.';
        comment on column kraken_candles.series_id is 'The series: key is the pair and the interval in minutes';
        comment on column kraken_candles.time is 'Where the interval begins';
        comment on column kraken_candles.open is 'Price of the first trade, in the quote currency';
        comment on column kraken_candles.high is 'Highest price';
        comment on column kraken_candles.low is 'Lowest price';
        comment on column kraken_candles.close is 'Price of the last trade';
        comment on column kraken_candles.vwap is
            'Mean price weighted by volume, cut off (not rounded) at the pair''s decimals; null where the source does not tell it';
        comment on column kraken_candles.volume is 'Traded amount, in the base currency';
        comment on column kraken_candles.trades is 'How many trades';
        comment on column kraken_candles.source is
            'csv: a file of the archive; api: OHLC; trades: made of trades; derived: made of finer candles';
        comment on column kraken_candles.task_id is 'The call that wrote the row';
        \(seriesRules(of: "kraken_candles"))
        """

    private static let view = """
        create view kraken_ohlcvt as
        select s.key[1] as pair, s.key[2]::int as interval, c.time, c.open, c.high, c.low, c.close, c.volume, c.trades, c.vwap, c.source
        from kraken_candles c join series s on s.id = c.series_id
        where s.dataset = 'kraken';
        comment on view kraken_ohlcvt is 'Candles by the names of their pair and interval.';
        comment on column kraken_ohlcvt.pair is 'As Kraken names it, without slash: XBTUSD';
        comment on column kraken_ohlcvt.interval is 'Minutes';
        comment on column kraken_ohlcvt.time is 'Where the interval begins, an instant';
        comment on column kraken_ohlcvt.open is 'Price of the first trade, in the quote currency';
        comment on column kraken_ohlcvt.high is 'Highest price';
        comment on column kraken_ohlcvt.low is 'Lowest price';
        comment on column kraken_ohlcvt.close is 'Price of the last trade';
        comment on column kraken_ohlcvt.volume is 'Traded amount, in the base currency';
        comment on column kraken_ohlcvt.trades is 'How many trades';
        comment on column kraken_ohlcvt.vwap is 'Mean price weighted by volume; null where no source told it';
        comment on column kraken_ohlcvt.source is 'csv, api, trades or derived';
        """
}
