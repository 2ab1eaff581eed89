internal import Series

extension RowSchema.Migration {
    /// How long work takes, and how long it may take.
    static let operations = RowSchema.Migration(name: "0036 time and memory of calls and ingestions", sql: """
        alter table tasks
            -- Of all attempts that ended or were put off, from claim to end, waits included. Null: none was measured.
            add column busy_seconds double precision,
            -- Requests that were sent, and their time at the upstream.
            add column fetches bigint not null default 0,
            add column fetch_seconds double precision not null default 0,
            add column fetch_seconds_max double precision,
            -- Ends that were handed to the store, and their time until they were written, the commit not counted.
            add column stores bigint not null default 0,
            add column store_seconds double precision not null default 0,
            -- The most memory, in bytes, that the process was seen to have resident when an attempt began or ended.
            add column memory_peak bigint;
        alter table ingestions
            -- When its work began, for the first time or after it was resumed: what it may take is counted from here. Null: it rests.
            add column working_since timestamptz,
            -- What it was worked before that; null where it never was.
            add column worked_seconds double precision;
        -- Those under way have their time from now on.
        update ingestions set working_since = now() where status = 'running';

        -- By a trigger, so that nobody who changes a status can forget it.
        create function count_work() returns trigger language plpgsql as $$
        begin
            if new.status = 'running' then
                new.working_since := coalesce(old.working_since, clock_timestamp());
            elsif old.working_since is not null then
                new.worked_seconds :=
                    coalesce(old.worked_seconds, 0) + greatest(0, extract(epoch from clock_timestamp() - old.working_since));
                new.working_since := null;
            end if;
            return new;
        end $$;
        create trigger ingestion_worked before update of status on ingestions
            for each row when (old.status is distinct from new.status) execute function count_work();
        """)
}
