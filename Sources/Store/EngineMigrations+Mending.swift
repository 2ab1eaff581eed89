internal import Series

extension RowSchema.Migration {
    static let ends = RowSchema.Migration(name: "0019 ends of tasks along indexes", sql: """
        -- It is being taken out, a thousand tasks at once: nobody resumes it any more.
        alter table ingestions add column is_expiring boolean not null default false;
        -- When it was last paused, resumed or cancelled: what waited before a resume has not waited for a worker.
        alter table ingestions add column moved_at timestamptz;
        -- Those that were cancelled of late: their tasks are ended one piece after the other.
        create index ingestions_cancelled on ingestions (finished_at) where status = 'cancelled';
        create index tasks_parked on tasks (ingestion_id) where status = 'parked';
        -- Why the last of them failed.
        create index tasks_in_error on tasks (ingestion_id, id desc) where error is not null;
        -- Of calls that were never sent nothing can be learnt of the next ones.
        drop index tasks_by_end;
        create index tasks_by_end on tasks (finished_at desc) where finished_at is not null and requests > 0;
        create index alert_deliveries_by_age on alert_deliveries (created_at) where ended_at is null;
        """)
}
