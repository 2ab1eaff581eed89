internal import Series

extension RowSchema.Migration {
    /// What the rows of a dataset are kept by, where settings may say it.
    static let terms = RowSchema.Migration(name: "0040 terms", sql: """
        create table dataset_terms (dataset text primary key, terms text not null);
        """)
}
