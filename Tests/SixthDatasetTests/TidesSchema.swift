internal import Series

extension Tides {
    enum Column {
        static let level = 0
    }

    static let schema = RowSchema(
        table: "tide_levels", columns: [.init("level", .decimal)], migrations: [.init(name: "0001 levels", sql: levels)])

    static let fields = [
        ShownField("station", .key(0)), ShownField("time", .instant), ShownField("level", .value(column: Column.level)),
    ]

    private static let levels = """
        create table tide_levels (
            series_id int not null references series on delete cascade,
            time timestamptz not null,
            level numeric not null check (level between -100 and 100),
            task_id bigint,
            primary key (series_id, time)
        );
        comment on table tide_levels is 'Water levels, one row an hour and gauge, time being where the hour begins.';
        comment on column tide_levels.level is 'Mean of the hour, metres above the station''s datum';
        comment on column tide_levels.task_id is 'The call that wrote the row';
        """
}
