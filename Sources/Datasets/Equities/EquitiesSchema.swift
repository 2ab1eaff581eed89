package import Series

extension Equities {
    enum Column {
        static let open = 0
        static let high = 1
        static let low = 2
        static let close = 3
        static let volume = 4
        static let vwap = 5
        static let transactions = 6

        /// What every answer tells of a bar: mean price and count of trades are left out at times.
        static let told = [open, high, low, close, volume]
    }

    package static let schema = RowSchema(
        table: "equity_bars",
        columns: [
            .init("open", .decimal), .init("high", .decimal), .init("low", .decimal), .init("close", .decimal), .init("volume", .decimal),
            .init("vwap", .decimal), .init("transactions", .integer),
        ],
        merge: merge, migrations: [.init(name: "0001 bars", sql: bars), .init(name: "0002 view of prices", sql: view)])

    /// The newer one; where both tell the same of prices and volume, with what only the older one tells.
    static func merge(older: [Value], newer: [Value]) -> [Value] {
        if Column.told.contains(where: { older[$0] != newer[$0] }) { return newer }
        return zip(older, newer).map { $1 == .null ? $0 : $1 }
    }

    package static let fields = [
        ShownField("ticker", .key(0)), ShownField("date", .localDate), ShownField("open", .value(column: Column.open)),
        ShownField("high", .value(column: Column.high)), ShownField("low", .value(column: Column.low)),
        ShownField("close", .value(column: Column.close)), ShownField("volume", .value(column: Column.volume)),
        ShownField("vwap", .value(column: Column.vwap)), ShownField("transactions", .value(column: Column.transactions)),
        ShownField("provisional", .provisional),
    ]

    private static let bars = """
        create table equity_bars (
            series_id int not null,
            time timestamptz not null,
            open numeric not null,
            high numeric not null,
            low numeric not null,
            close numeric not null,
            volume numeric not null,
            vwap numeric,
            transactions bigint,
            task_id bigint,
            primary key (series_id, time),
            -- Prices of a bar may contradict each other where a person has said that they are right.
            constraint equity_bars_sane check (
                open > 0 and high > 0 and low > 0 and close > 0 and volume >= 0 and vwap >= 0 and transactions >= 0)
        );
        comment on table equity_bars is 'Daily bars of US equities, adjusted for splits, one row a session of a ticker by its series.';
        comment on column equity_bars.series_id is 'The series: key is the ticker';
        comment on column equity_bars.time is 'Midnight in New York of the session''s date';
        comment on column equity_bars.open is 'First price, US dollars';
        comment on column equity_bars.high is 'Highest price';
        comment on column equity_bars.low is 'Lowest price';
        comment on column equity_bars.close is 'Last price';
        comment on column equity_bars.volume is 'Shares traded; fractions of shares are traded too';
        comment on column equity_bars.vwap is 'Mean price weighted by volume; null where the upstream does not tell it';
        comment on column equity_bars.transactions is 'How many trades; null where the upstream does not tell it';
        comment on column equity_bars.task_id is 'The call that wrote the row';
        \(seriesRules(of: "equity_bars"))
        """

    private static let view = """
        create view equity_prices as
        select s.key[1] as ticker, (b.time at time zone 'America/New_York')::date as date, b.open, b.high, b.low, b.close, b.volume,
            b.vwap, b.transactions
        from equity_bars b join series s on s.id = b.series_id
        where s.dataset = 'equities';
        comment on view equity_prices is 'Daily bars by ticker and date.';
        comment on column equity_prices.ticker is 'As Polygon writes it: BRK.B';
        comment on column equity_prices.date is 'Of the session, in New York';
        comment on column equity_prices.open is 'First price, US dollars, adjusted for splits';
        comment on column equity_prices.high is 'Highest price';
        comment on column equity_prices.low is 'Lowest price';
        comment on column equity_prices.close is 'Last price';
        comment on column equity_prices.volume is 'Shares traded, adjusted for splits';
        comment on column equity_prices.vwap is 'Mean price weighted by volume; null where it is not told';
        comment on column equity_prices.transactions is 'How many trades; null where it is not told';
        """
}
