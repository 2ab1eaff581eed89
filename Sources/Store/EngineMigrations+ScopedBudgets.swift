internal import Series

extension RowSchema.Migration {
    static let scopedBudgets = RowSchema.Migration(name: "0024 budgets of scopes", sql: """
        -- What an upstream counts by itself (a pair's requests) has a budget and rests of its own, by the upstream's rule: the row whose
        -- scope is empty, which is the budget of all requests that name none.
        alter table budgets drop constraint budgets_pkey cascade;
        alter table budgets
            add column scope text not null default '',
            alter column quota drop not null,
            alter column window_seconds drop not null,
            add primary key (upstream, scope),
            add constraint budgets_rule_check
                check ((quota is not null) = (scope = '') and (window_seconds is not null) = (scope = ''));
        alter table budget_spends add column scope text not null default '';
        alter table budget_spends drop constraint budget_spends_pkey,
            add primary key (upstream, scope, spent_at),
            add foreign key (upstream, scope) references budgets on delete cascade;
        """)
}
