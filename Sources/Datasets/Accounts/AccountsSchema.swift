internal import Series

extension Accounts {
    /// A field of a record that has a column of its own.
    struct Field: Sendable {
        /// The column's name.
        let name: String
        /// The upstream's.
        let upstream: String
        let kind: RowSchema.Column.Kind
        /// What it means, for the table's comments.
        let meaning: String

        init(_ name: String, _ upstream: String, _ kind: RowSchema.Column.Kind, _ meaning: String) {
            self.name = name
            self.upstream = upstream
            self.kind = kind
            self.meaning = meaning
        }

        var sql: String {
            switch kind {
            case .decimal: "numeric"
            case .integer: "bigint"
            case .text: "text"
            case .json: "jsonb"
            }
        }
    }

    /// Of both tables. The names are those of the upstream's records (carlosricojr/daily-profit-model, field maps of ingest_metrics.py).
    static let hourTyped = [
        Field("num_trades", "numTrades", .integer, "Trades"),
        Field("net_profit", "netProfit", .decimal, "Profit less loss"),
        Field("gross_profit", "grossProfit", .decimal, "Sum of the trades that won, never negative"),
        Field("gross_loss", "grossLoss", .decimal, "Sum of the trades that lost, never positive"),
        Field("starting_balance", "startingBalance", .decimal, "Balance that the account began with"),
        Field("prior_days_balance", "priorDaysBalance", .decimal, "Balance at the end of the day before"),
        Field("current_balance", "currentBalance", .decimal, "Balance"),
        Field("current_equity", "currentEquity", .decimal, "Equity"),
        Field("success_rate", "successRate", .decimal, "Share of trades that won, in percent as it comes"),
        Field("mean_duration", "meanDuration", .decimal, "Mean length of a trade, in the upstream''s unit"),
        Field("status", "status", .integer, "1 to 3, the upstream''s code"),
        Field("type", "type", .integer, "The upstream''s code"),
        Field("phase", "phase", .integer, "1 to 4, the upstream''s code"),
        Field("broker", "broker", .integer, "The upstream''s code"),
        Field("mt_version", "mt_version", .integer, "Version of the trading platform"),
        Field("login", "login", .text, "Login at the broker"),
        Field("plan_id", "planId", .text, "The account''s plan"),
        Field("trader", "trader", .text, "Whose account it is"),
        Field("country", "country", .text, "Of the trader"),
    ]

    static let dayTyped = hourTyped + [
        Field("days_to_next_payout", "days_to_next_payout", .integer, "Days until the next payout"),
        Field("todays_payouts", "todays_payouts", .decimal, "Paid out on the day"),
    ]

    static let tradesColumn = 0
    static let profitColumn = 2
    static let lossColumn = 3

    static func typed(_ grain: Grain) -> [Field] { grain == .hour ? hourTyped : dayTyped }

    private static func columns(_ fields: [Field]) -> [RowSchema.Column] {
        fields.map { RowSchema.Column($0.name, $0.kind) } + [RowSchema.Column("rest", .json)]
    }

    static let hours = RowSchema(
        table: "account_hours", columns: columns(hourTyped),
        migrations: [
            .init(name: "0001 hours of accounts", sql: table("account_hours", hourTyped, .hour)),
            .init(name: "0002 view of hours of accounts", sql: view("account_hourly_metrics", of: "account_hours", hourTyped, .hour)),
        ])

    static let days = RowSchema(
        table: "account_days", columns: columns(dayTyped),
        migrations: [
            .init(name: "0001 days of accounts", sql: table("account_days", dayTyped, .day)),
            .init(name: "0002 view of days of accounts", sql: view("account_daily_metrics", of: "account_days", dayTyped, .day)),
        ])

    private static func table(_ name: String, _ fields: [Field], _ grain: Grain) -> String {
        let word = grain == .hour ? "hour" : "day"
        let rule = grain == .hour ? "1 hour" : "1 day"
        return """
            create table \(name) (
                series_id int not null,
                time timestamptz not null,
                \(fields.map { "\($0.name) \($0.sql)\($0.name == "num_trades" ? " not null" : "")" }.joined(separator: ",\n    ")),
                rest jsonb,
                task_id bigint,
                primary key (series_id, time),
                constraint \(name)_sane check (num_trades >= 0 and date_bin('\(rule)', time, '2000-01-01 00:00:00Z') = time)
            );
            comment on table \(name) is 'Metrics of accounts, one row for each account and \(word) that the upstream has.\(
                grain == .day ? " The account * is all of them: how many trades a day''s listing named in all." : "")';
            comment on column \(name).series_id is 'The series: key is the account''s id, and \(word)';
            comment on column \(name).time is 'Where the \(word) begins, in UTC';
            \(fields.map { "comment on column \(name).\($0.name) is '\($0.meaning)';" }.joined(separator: "\n"))
            comment on column \(name).rest is 'The other fields of the record under their own names, and what does not fit its column';
            comment on column \(name).task_id is 'The call that wrote the row';
            \(seriesRules(of: name))
            """
    }

    private static func view(_ name: String, of table: String, _ fields: [Field], _ grain: Grain) -> String {
        let hour = grain == .hour ? ", extract(hour from r.time at time zone 'UTC')::int as hour" : ""
        let about = grain == .hour ? "comment on column \(name).hour is '0 to 23, UTC';" : ""
        return """
            create view \(name) as
            select s.key[1] as account_id, (r.time at time zone 'UTC')::date as date\(hour),
                \(fields.map { "r.\($0.name)" }.joined(separator: ", ")), r.rest
            from \(table) r join series s on s.id = r.series_id
            where s.dataset = 'accounts' and s.key[1] <> '\(everyone)';
            comment on view \(name) is 'Metrics of accounts by \(grain == .hour ? "date and hour" : "date").';
            comment on column \(name).account_id is 'As the upstream names it';
            comment on column \(name).date is 'UTC';
            \(about)
            \(fields.map { "comment on column \(name).\($0.name) is '\($0.meaning)';" }.joined(separator: "\n"))
            comment on column \(name).rest is 'The other fields of the record';
            """
    }

    private static func metrics(_ fields: [Field]) -> ShownField {
        ShownField(
            "metrics", .object(columns: fields.enumerated().map { (name: $0.element.upstream, column: $0.offset) }, rest: fields.count))
    }

    static let hourFields = [
        ShownField("account_id", .key(0)), ShownField("date", .localDate), ShownField("hour", .localHour), metrics(hourTyped),
    ]

    static let dayFields = [ShownField("account_id", .key(0)), ShownField("date", .localDate), metrics(dayTyped)]
}
