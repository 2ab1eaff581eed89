internal import Bytes
internal import Series

extension CMG {
    enum Column {
        static let usd = 0
        static let clp = 1
        static let version = 2
        static let issued = 3
    }

    /// `clp` is kept as delivered, in CLP/kWh; `usd` in USD/MWh. A row of a programme fills the hour that begins at its time.
    ///
    /// `issued` ranks editions: of a programme the instant at which it was issued, in seconds since 1970; of real costs 0 for
    /// preliminary and 1 for definitive; of online costs null.
    static func schema(zone: Zone) -> RowSchema {
        RowSchema(
            table: "cmg_quarters",
            columns: [.init("usd", .decimal), .init("clp", .decimal), .init("version", .text), .init("issued", .integer)],
            rank: Column.issued,
            migrations: [
                .init(name: "0001 quarters", sql: quarters),
                .init(name: "0002 view of whole hours", sql: wholeHours(zone: zone)),
                .init(name: "0003 programmes and editions", sql: programmes(zone: zone)),
                .init(name: "0004 rules of rows that cost little", sql: cheapRules),
            ])
    }

    private static let quarters = """
        create table cmg_quarters (
            series_id int not null references series on delete cascade,
            time timestamptz not null check (mod(extract(epoch from time), 900) = 0),
            usd numeric not null check (usd between -10000 and 10000),
            clp numeric,
            version text,
            task_id bigint,
            primary key (series_id, time)
        );
        comment on table cmg_quarters is 'Marginal costs, one row a quarter-hour and series, time being where the quarter begins.';
        comment on column cmg_quarters.usd is 'USD/MWh';
        comment on column cmg_quarters.clp is 'CLP/kWh, as delivered';
        comment on column cmg_quarters.version is 'The upstream''s word for the value''s standing: EN LINEA, REAL-DEF';
        comment on column cmg_quarters.task_id is 'The call that wrote the row';
        """

    private static func wholeHours(zone: Zone) -> String {
        // The hour is cut in UTC, so that the session's zone has no say; the zone is whole hours off it.
        let name = zone.name.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
        return """
            create view cmg_historical as
            select datetime, extract(hour from datetime at time zone '\(name)')::int as hour, trim_scale(avg(usd)) as cmg_value,
                key[1] as node, key[2] as source, count(*)::int as quarters
            from (
                select q.series_id, s.key, date_trunc('hour', q.time, 'UTC') as datetime, q.usd
                from cmg_quarters q join series s on s.id = q.series_id
                where s.dataset = 'cmg'
            ) as quarter
            group by series_id, key, datetime
            having count(*) = 4;
            comment on view cmg_historical is 'Whole hours only: those of which all four quarters are held.';
            comment on column cmg_historical.datetime is 'Where the hour begins, an instant';
            comment on column cmg_historical.hour is 'Clock hour in \(name), 0 to 23, of which 23 comes twice on a day of 25 hours';
            comment on column cmg_historical.cmg_value is 'Exact mean of the four quarters, USD/MWh';
            comment on column cmg_historical.node is 'The bus, 17 characters as the upstream writes it';
            comment on column cmg_historical.source is 'Where the value is from: online';
            comment on column cmg_historical.quarters is 'Quarters held, always 4';
            """
    }

    private static func programmes(zone: Zone) -> String {
        let name = zone.name.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
        return """
            alter table cmg_quarters add column issued bigint;
            update cmg_quarters q set issued = case when q.version like '%DEF' then 1 else 0 end
                from series s where s.id = q.series_id and s.dataset = 'cmg' and s.key[2] = 'real';
            comment on table cmg_quarters is
                'Marginal costs, one row a quarter-hour and series, of pid and pcp one row an hour, time being where it begins.';
            comment on column cmg_quarters.clp is 'CLP/kWh, as delivered; programmes have none';
            comment on column cmg_quarters.version is
                'The upstream''s word for the value''s standing: EN LINEA, REAL-DEF; of programmes PID, PCP';
            comment on column cmg_quarters.issued is
                'Ranks editions of a value: of programmes when issued, seconds since 1970; of real costs 0 preliminary, 1 definitive';
            create or replace view cmg_historical as
            select datetime, extract(hour from datetime at time zone '\(name)')::int as hour, trim_scale(avg(usd)) as cmg_value,
                key[1] as node, key[2] as source, 4 as quarters
            from (
                select q.series_id, s.key, date_trunc('hour', q.time, 'UTC') as datetime, q.usd
                from cmg_quarters q join series s on s.id = q.series_id
                where s.dataset = 'cmg'
            ) as quarter
            group by series_id, key, datetime
            having count(*) = 4 or key[2] in ('pid', 'pcp');
            comment on view cmg_historical is 'Whole hours only: of real and online those of which all four quarters are held.';
            comment on column cmg_historical.cmg_value is 'Exact mean of the four quarters, USD/MWh; of a programme its value for the hour';
            comment on column cmg_historical.source is 'Where the value is from: real, online, pid, pcp';
            comment on column cmg_historical.quarters is 'Quarters of the hour that are held, always 4';
            -- Call shapes are named by their source since there is more than one.
            update tasks set shape = 'online-' || shape
                where shape in ('node', 'scan') and ingestion_id in (select id from ingestions where dataset = 'cmg');
            update plan_calls set shape = 'online-' || shape
                where shape in ('node', 'scan') and plan_id in (select id from plans where dataset = 'cmg');
            update shape_findings set shape = 'online-' || shape where shape in ('node', 'scan') and dataset = 'cmg';
            """
    }

    /// A foreign key looks for its series, and locks it, once for each row: that took more than half of the time of storing a day of all
    /// buses. The same rule once for each statement; and quarter-hours told without decimals.
    private static let cheapRules = """
        alter table cmg_quarters drop constraint cmg_quarters_series_id_fkey, drop constraint cmg_quarters_time_check,
            add constraint cmg_quarters_time_check check (date_bin('15 minutes', time, '2000-01-01 00:00:00Z') = time);
        \(seriesRules(of: "cmg_quarters"))
        """

    static let slotFields = [
        ShownField("datetime", .instant), ShownField("hour", .localHour), ShownField("node", .key(0)), ShownField("source", .key(1)),
        ShownField("cmg_value", .mean(column: Column.usd)), ShownField("cmg_clp", .mean(column: Column.clp)),
        ShownField("quarters", .partCount),
    ]

    static let partFields = [
        ShownField("datetime", .instant), ShownField("hour", .localHour), ShownField("node", .key(0)), ShownField("source", .key(1)),
        ShownField("cmg_value", .value(column: Column.usd)), ShownField("cmg_clp", .value(column: Column.clp)),
    ]
}
