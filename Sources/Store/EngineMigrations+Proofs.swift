internal import Series

extension RowSchema.Migration {
    static let proofs = RowSchema.Migration(name: "0034 proofs of plans", sql: """
        -- Holes and requests in all, then the first holes: period, requests, key. Null where a plan's bound is not told hole by hole.
        alter table plans add column proof json;
        """)
}
