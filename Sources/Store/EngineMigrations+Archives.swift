internal import Series

extension RowSchema.Migration {
    static let archives = RowSchema.Migration(name: "0020 archive files", sql: """
        -- What files of an archive hold: one row a content, under however many names it was seen.
        create table archive_files (
            id bigint generated always as identity primary key,
            dataset text not null,
            series_id int not null references series on delete cascade,
            -- Of the unpacked text; null while the file still grows.
            sha256 bytea check (octet_length(sha256) = 32),
            -- Of contents of one series that overlap in time: 1 for the one that was imported first.
            edition int check (edition > 0),
            -- Unpacked.
            bytes bigint,
            first_time timestamptz,
            last_time timestamptz,
            rows bigint,
            written bigint not null default 0,
            unchanged bigint not null default 0,
            revised bigint not null default 0,
            quarantined bigint not null default 0,
            status text not null check (status in ('found', 'waiting', 'imported', 'failed')),
            reason text,
            -- The call that imported it, or is to.
            task_id bigint,
            -- The shown clock.
            found_at timestamptz not null,
            imported_at timestamptz,
            unique (dataset, series_id, sha256),
            check ((status = 'waiting') = (sha256 is null)),
            check (status <> 'imported' or imported_at is not null)
        );
        create index archive_files_by_series on archive_files (series_id, status);
        create index archive_files_by_task on archive_files (task_id) where task_id is not null;
        -- Where a content was seen, and what the file was like then: one that is as it was need not be read to know what it holds.
        create table archive_places (
            dataset text not null,
            path text not null,
            file_id bigint not null references archive_files on delete cascade,
            size bigint not null,
            -- Nanoseconds since 1970.
            modified_at bigint not null,
            inode bigint not null,
            primary key (dataset, path)
        );
        create index archive_places_by_file on archive_places (file_id);
        """)
}
