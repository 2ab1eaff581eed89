internal import Series

extension RowSchema.Migration {
    /// What people do to a job, and what is told of one.
    static let jobsAndEvents = RowSchema.Migration(name: "0014 jobs and their events", sql: """
        alter table ingestions
            -- Pauses, resumptions and the like: what was decided before one of them is not written after it.
            add column moves bigint not null default 0,
            -- Who paused, resumed or cancelled it last.
            add column moved_by text,
            -- Resumed after its end: once its tasks have ended, what its selection still lacks is planned anew.
            add column is_resumed boolean not null default false;
        create index ingestions_by_end on ingestions (finished_at) where finished_at is not null;
        create index receipts_by_age on receipts (recorded_at);

        -- What happened to ingestions, in an order that lasts: of one ingestion, what has the higher id was committed later, so that
        -- whoever has seen an id has missed nothing below it. No foreign key: its lock would wait for those who hold the ingestion's row.
        create table ingestion_events (
            id bigint generated always as identity primary key,
            ingestion_id uuid not null,
            at timestamptz not null default clock_timestamp(),
            kind text not null check (kind in
                ('filed', 'started', 'task', 'paused', 'resumed', 'cancelled', 'replanned', 'ended')),
            data jsonb not null
        );
        create index ingestion_events_in_order on ingestion_events (ingestion_id, id);
        create index ingestion_events_by_age on ingestion_events (at);

        -- Events are made by triggers, so that nobody who changes a status can forget to tell, and the triggers are deferred to the
        -- commit: the lock that gives the order is the last that a transaction takes, and is held for a moment.
        create function tell_of_ingestion(ingestion uuid, what text, facts jsonb) returns void language plpgsql as $$
        begin
            perform pg_advisory_xact_lock(hashtextextended(ingestion::text, 6));
            insert into ingestion_events (ingestion_id, kind, data) values (ingestion, what, facts);
            perform pg_notify('gapless_events', ingestion::text);
        end $$;

        create function ingestion_changed() returns trigger language plpgsql as $$
        begin
            if tg_op = 'INSERT' then
                perform tell_of_ingestion(new.id, 'filed', jsonb_build_object('status', new.status, 'by', new.requested_by));
            elsif new.status <> old.status then
                perform tell_of_ingestion(new.id,
                    case new.status when 'running' then 'started' when 'pending' then 'resumed' when 'paused' then 'paused'
                        when 'cancelled' then 'cancelled' else 'ended' end,
                    case new.status when 'running' then jsonb_build_object('status', new.status)
                        when 'pending' then jsonb_build_object('status', new.status, 'by', new.moved_by)
                        when 'paused' then jsonb_build_object('status', new.status, 'by', new.moved_by)
                        when 'cancelled' then jsonb_build_object('status', new.status, 'by', new.moved_by)
                        else jsonb_build_object('status', new.status, 'error', new.error) end);
            elsif new.replans > old.replans then
                perform tell_of_ingestion(new.id, 'replanned', jsonb_build_object('status', new.status, 'replans', new.replans));
            end if;
            return null;
        end $$;
        create constraint trigger ingestion_filed after insert on ingestions deferrable initially deferred
            for each row execute function ingestion_changed();
        create constraint trigger ingestion_moved after update of status, replans on ingestions deferrable initially deferred
            for each row when (old.status is distinct from new.status or old.replans < new.replans) execute function ingestion_changed();

        create function task_ended() returns trigger language plpgsql as $$
        begin
            perform tell_of_ingestion(new.ingestion_id, 'task', jsonb_build_object(
                'ordinal', new.ordinal, 'shape', new.shape, 'status', new.status, 'ended', new.ended, 'slots', new.covers,
                'requests', new.requests, 'written', new.written, 'unchanged', new.unchanged, 'revised', new.revised,
                'filled', new.filled, 'absent', new.absent, 'error', new.error));
            return null;
        end $$;
        create constraint trigger task_ended after update of status on tasks deferrable initially deferred
            for each row when (old.status is distinct from new.status and new.status in ('done', 'failed', 'parked'))
            execute function task_ended();
        """)
}
