/// A word by which series of a dataset are put together.
package struct Label: Sendable {
    /// As selections and reports name it: `tier`.
    package let name: String
    /// All there are, in their order.
    package let values: [String]
    package let of: @Sendable (SeriesKey) -> String
    /// What one of its values stands for where series are made by it: values of the keys that it says something about
    /// (`["pair": ["ETHUSD", "XBTUSD"]]`); nothing where that cannot be told.
    package let expands: @Sendable (_ value: String) -> [String: [String]]

    package init(
        name: String, values: [String], of: @escaping @Sendable (SeriesKey) -> String,
        expands: @escaping @Sendable (String) -> [String: [String]] = { _ in [:] }
    ) {
        self.name = name
        self.values = values
        self.of = of
        self.expands = expands
    }
}
