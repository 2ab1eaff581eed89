internal import Series

extension RowSchema.Migration {
    /// Upstreams that count tokens, and what calls spend of them.
    static let tokens = RowSchema.Migration(name: "0038 tokens", sql: """
        -- The bucket as it was last heard of. Instants are of the shown clock.
        create table token_budgets (
            upstream text primary key,
            refill_per_minute double precision not null check (refill_per_minute > 0),
            capacity_minutes double precision not null check (capacity_minutes > 0),
            floor double precision not null,
            balance double precision not null,
            at timestamptz not null,
            next_step_at timestamptz not null,
            -- When the answer was read that is believed; null: none yet.
            heard_at timestamptz,
            -- When that was made, seconds since 1970 by the upstream's clock.
            said_at double precision,
            -- A request that was sent then, or before, came to no answer.
            lost_at timestamptz,
            -- The lowest balance that an answer told.
            lowest double precision,
            -- What answers said they cost, all together.
            spent double precision not null default 0
        );
        -- What requests under way may cost. The lease is of real time: a process that died answers for nothing.
        create table token_reservations (
            id bigint generated always as identity primary key,
            upstream text not null references token_budgets on delete cascade,
            amount double precision not null check (amount >= 0),
            lease_until timestamptz not null
        );
        create index token_reservations_of_upstream on token_reservations (upstream);
        -- What a subject was found to cost.
        create table token_prices (
            upstream text not null references token_budgets on delete cascade,
            shape text not null,
            mean double precision not null check (mean > 0),
            high double precision not null check (high >= mean),
            samples bigint not null check (samples > 0),
            at timestamptz not null,
            primary key (upstream, shape)
        );

        alter table tasks
            add column tokens_planned bigint not null default 0,
            add column tokens bigint not null default 0;
        alter table receipts add column tokens bigint not null default 0;
        """)
}
