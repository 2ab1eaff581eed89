package import Series

/// The engine's tables. A dataset's own row table comes with its schema, after these.
package let engineMigrations: [RowSchema.Migration] = [
    .init(name: "0001 clock and origins", sql: """
        create table clock (
            only_row boolean primary key default true check (only_row),
            real_at timestamptz not null,
            shown_at timestamptz not null,
            speed double precision not null check (speed > 0)
        );
        create table store_identity (
            only_row boolean primary key default true check (only_row),
            id uuid not null default gen_random_uuid()
        );
        insert into store_identity default values;
        create table upstream_origins (
            dataset text primary key,
            base_url text not null,
            noted_at timestamptz not null default now()
        );
        """),
    .init(name: "0002 series and coverage", sql: """
        create table series (
            id int generated always as identity primary key,
            dataset text not null,
            key text[] not null check (cardinality(key) > 0),
            lifetime int8range,
            created_at timestamptz not null default now(),
            unique (dataset, key)
        );
        -- held is counted in parts, all else in slots, so that a slot with some of its parts is told from an empty one.
        create table coverage (
            series_id int primary key references series on delete cascade,
            held int8multirange not null default '{}',
            absent int8multirange not null default '{}',
            excluded int8multirange not null default '{}',
            unfillable int8multirange not null default '{}',
            quarantined int8multirange not null default '{}',
            changed_at timestamptz not null
        );
        create table dataset_versions (
            dataset text primary key,
            version bigint not null,
            changed_at timestamptz not null
        );
        """),
    .init(name: "0003 plans, ingestions, tasks, receipts", sql: """
        create table plans (
            id uuid primary key default gen_random_uuid(),
            dataset text not null,
            digest text not null,
            -- json, not jsonb: it is shown as it was written.
            selection json not null,
            gaps bigint not null,
            slots bigint not null,
            requests bigint not null,
            tokens bigint not null,
            lower_bound_requests bigint not null,
            lower_bound_tokens bigint not null,
            optimality text not null check (optimality in ('proven', 'bounded')),
            estimated_seconds double precision not null,
            complete_at timestamptz,
            warnings text[] not null default '{}',
            created_at timestamptz not null default now(),
            expires_at timestamptz not null
        );
        create table plan_calls (
            plan_id uuid not null references plans on delete cascade,
            ordinal int not null,
            shape text not null,
            series_ids int[] not null check (cardinality(series_ids) > 0),
            first_period bigint not null,
            end_period bigint not null check (end_period > first_period),
            covers bigint not null,
            requests bigint not null,
            tokens bigint not null,
            primary key (plan_id, ordinal)
        );
        create table ingestions (
            id uuid primary key default gen_random_uuid(),
            dataset text not null,
            status text not null
                check (status in ('pending', 'running', 'paused', 'completed', 'partial', 'failed', 'cancelled')),
            selection json not null,
            selection_digest text not null,
            plan_id uuid,
            requested_by text not null,
            gaps_detected bigint not null check (gaps_detected >= 0),
            slots_detected bigint not null check (slots_detected >= 0),
            lower_bound_requests bigint not null,
            optimality text not null check (optimality in ('proven', 'bounded')),
            replans int not null default 0,
            -- The shown clock when it was filed: what was due then is what it is judged by.
            filed_at timestamptz not null,
            created_at timestamptz not null default now(),
            started_at timestamptz,
            finished_at timestamptz,
            error text,
            check ((finished_at is not null) = (status in ('completed', 'partial', 'failed', 'cancelled')))
        );
        -- An equal selection while one is open is the same ingestion: an index says so, not a look-up.
        create unique index one_open_ingestion_for_a_selection on ingestions (dataset, selection_digest)
            where status in ('pending', 'running', 'paused');
        create index ingestions_by_age on ingestions (created_at desc, id);
        create table tasks (
            id bigint generated always as identity primary key,
            ingestion_id uuid not null references ingestions on delete cascade,
            ordinal int not null,
            shape text not null,
            series_ids int[] not null check (cardinality(series_ids) > 0),
            first_period bigint not null,
            end_period bigint not null check (end_period > first_period),
            covers bigint not null,
            requests_planned bigint not null,
            status text not null default 'available'
                check (status in ('available', 'running', 'done', 'failed', 'cancelled', 'parked')),
            attempts int not null default 0,
            fence bigint not null default 0,
            worker text,
            lease_until timestamptz,
            next_at timestamptz not null default now(),
            requests bigint not null default 0,
            written bigint not null default 0,
            unchanged bigint not null default 0,
            revised bigint not null default 0,
            quarantined bigint not null default 0,
            filled bigint not null default 0,
            ended text check (ended in ('proved', 'unproved', 'shape_unusable', 'failed')),
            error text,
            finished_at timestamptz,
            unique (ingestion_id, ordinal),
            check ((status = 'running') = (lease_until is not null)),
            check ((finished_at is not null) = (status in ('done', 'failed', 'cancelled', 'parked')))
        );
        create index tasks_to_claim on tasks (next_at, id) where status = 'available';
        create index tasks_under_lease on tasks (lease_until) where status = 'running';
        create table receipts (
            id bigint generated always as identity primary key,
            task_id bigint not null references tasks on delete cascade,
            attempt int not null,
            ended text not null check (ended in ('proved', 'unproved', 'shape_unusable', 'failed')),
            reason text not null,
            requests bigint not null,
            rows bigint not null,
            dropped bigint not null,
            body_bytes bigint not null,
            recorded_at timestamptz not null default now()
        );
        create index receipts_by_task on receipts (task_id, id);
        """),
    .init(name: "0004 budgets and findings", sql: """
        create table budgets (
            upstream text primary key,
            quota int not null check (quota > 0),
            window_seconds int not null check (window_seconds > 0)
        );
        create table budget_spends (
            upstream text not null references budgets on delete cascade,
            spent_at timestamptz not null,
            requests int not null check (requests > 0)
        );
        create index budget_spends_by_time on budget_spends (upstream, spent_at);
        -- What an upstream turned out to do: a call shape that it does not honour is left out of plans.
        create table shape_findings (
            dataset text not null,
            shape text not null,
            reason text not null,
            found_at timestamptz not null default now(),
            primary key (dataset, shape)
        );
        """),
    .init(name: "0005 request keys and traces", sql: """
        -- The trace of the request that filed it (W3C Trace Context), where it had one.
        alter table ingestions add column trace_id text;
        -- Answers that are given again to who asks again under the same key.
        create table request_keys (
            client text not null,
            route text not null,
            key text not null,
            body_digest text not null,
            status int not null,
            location text,
            content_location text,
            body bytea not null,
            created_at timestamptz not null default now(),
            primary key (client, route, key)
        );
        create index request_keys_by_age on request_keys (created_at);
        """),
    .init(name: "0006 readers", sql: """
        -- Who gives answers out of memory, and which versions each has taken up. Logged like any table: a row that a crash
        -- of the server took away would be a reader that nobody waits for.
        create table readers (
            id uuid primary key,
            heard_at timestamptz not null,
            -- The sum of all datasets' versions, as this reader last read it.
            seen bigint not null
        ) with (fillfactor = 50);
        """),
    .init(name: "0007 revisions", sql: """
        -- When the attempt at hand began: of two calls for one row it says which has the newer answer.
        alter table tasks add column begun_at timestamptz;
        -- Wordings of rows that are not held any more, or never were because a higher one came with them or before them.
        create table revisions (
            id bigint generated always as identity primary key,
            series_id int not null references series on delete cascade,
            time timestamptz not null,
            -- By the names of the row table's columns; decimals are JSON numbers with the digits that the row had.
            old_values jsonb not null,
            new_values jsonb not null,
            old_rank bigint,
            new_rank bigint,
            -- Calls, as in the rows themselves: kept where their tasks are not.
            old_task bigint,
            new_task bigint,
            -- The shown clock; then the real one.
            at timestamptz not null,
            recorded_at timestamptz not null default now()
        );
        create index revisions_by_row on revisions (series_id, time);
        create index revisions_by_age on revisions (at, id);
        """),
    .init(name: "0008 gap memory", sql: """
        -- Slots of which the upstream said that it has nothing there; coverage.absent is their union. Instants but for the
        -- exclusions' are of the shown clock.
        create table absences (
            series_id int not null references series on delete cascade,
            first_slot bigint not null,
            end_slot bigint not null check (end_slot > first_slot),
            reason text not null,
            since timestamptz not null,
            asked_at timestamptz not null,
            attempts int not null check (attempts > 0),
            -- Answers that came when they were due: the distance of the next ask grows by them.
            steps int not null check (steps > 0),
            -- Null: never asked again.
            next_at timestamptz,
            task_id bigint not null,
            primary key (series_id, first_slot)
        );
        create index absences_to_recheck on absences (series_id, next_at);
        -- A person's word that slots are not expected; coverage.excluded is the union of those in force.
        create table exclusions (
            id uuid primary key default gen_random_uuid(),
            dataset text not null,
            -- The key values as they were given.
            keys json not null,
            -- The series that these meant then.
            series_ids int[] not null check (cardinality(series_ids) > 0),
            starts_at timestamptz not null,
            ends_at timestamptz not null,
            first_slot bigint not null,
            end_slot bigint not null check (end_slot > first_slot),
            note text not null check (char_length(note) between 1 and 500),
            made_by text not null,
            made_at timestamptz not null default now(),
            lifted_by text,
            lifted_at timestamptz,
            check ((lifted_by is null) = (lifted_at is null))
        );
        create index exclusions_by_age on exclusions (dataset, made_at desc, id);
        alter table tasks add column absent bigint not null default 0;
        create index tasks_by_period on tasks (end_period, first_period);
        alter table plans add column unfillable json not null default '[]';
        alter table ingestions add column slots_unfillable bigint not null default 0;
        """),
    .init(name: "0009 shared rests", sql: """
        -- A rest that the upstream asked for is everybody's. Real time, this server's clock.
        alter table budgets
            add column is_throttled boolean not null default false,
            add column quiet_until timestamptz,
            add column rested_at timestamptz,
            add column rest_seconds double precision not null default 1 check (rest_seconds > 0),
            add column probe_until timestamptz;
        -- One row a stamp: spends of one moment are one, and what was not sent is given back by it.
        alter table budget_spends rename to budget_spends_before;
        create table budget_spends (
            upstream text not null references budgets on delete cascade,
            -- The last moment, of the shown clock, at which they may have been sent.
            spent_at timestamptz not null,
            requests int not null check (requests > 0),
            primary key (upstream, spent_at)
        );
        insert into budget_spends (upstream, spent_at, requests)
            select upstream, spent_at, sum(requests) from budget_spends_before group by upstream, spent_at;
        drop table budget_spends_before;
        """),
    .init(name: "0010 costs of call shapes", sql: """
        -- What a call was found to need: plans are priced by it. Beside the findings of shapes that are not honoured, which age.
        create table shape_costs (
            dataset text not null,
            shape text not null,
            requests int not null check (requests > 0),
            page_rows int not null check (page_rows > 0),
            found_at timestamptz not null default now(),
            primary key (dataset, shape)
        );
        alter table tasks add column retries bigint not null default 0;
        alter table tasks add column is_replanned boolean not null default false;
        alter table tasks drop constraint tasks_ended_check,
            add constraint tasks_ended_check check (ended in ('proved', 'unproved', 'shape_unusable', 'failed', 'costlier'));
        alter table receipts drop constraint receipts_ended_check,
            add constraint receipts_ended_check check (ended in ('proved', 'unproved', 'shape_unusable', 'failed', 'costlier'));
        """),
    .init(name: "0011 calls that were too wide", sql: """
        alter table tasks drop constraint tasks_ended_check,
            add constraint tasks_ended_check
                check (ended in ('proved', 'unproved', 'shape_unusable', 'failed', 'costlier', 'too_wide'));
        alter table receipts drop constraint receipts_ended_check,
            add constraint receipts_ended_check
                check (ended in ('proved', 'unproved', 'shape_unusable', 'failed', 'costlier', 'too_wide'));
        """),
]
