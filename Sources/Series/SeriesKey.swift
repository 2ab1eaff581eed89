/// What tells one series of a dataset from another: its values, in the order of the dataset's key names.
/// For `cmg`, whose keys are node and source: `["CHILOE________220", "online"]`.
package struct SeriesKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let values: [String]

    package init(_ values: [String]) { self.values = values }

    package static func < (a: SeriesKey, b: SeriesKey) -> Bool { a.values.lexicographicallyPrecedes(b.values) }

    package var description: String { values.joined(separator: "/") }
}
