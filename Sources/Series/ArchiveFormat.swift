/// How a dataset's archive files are told and read: files that an upstream publishes beside its API. Knows neither directories nor
/// tables; who imports hands it names and bytes.
package struct ArchiveFormat: Sendable {
    /// The series that a file holds, told by its name without folder and without `.gz`; nil for a file that is none of the dataset's.
    package let series: @Sendable (_ name: String) -> SeriesKey?
    /// Looks at one file of a series, from its first byte on, for what a plan has to know of it.
    package let glance: @Sendable (SeriesKey) -> ArchiveGlance
    /// Reads one file of a series from its first byte on. `now`, the shown clock: a row whose slot ends after it is refused.
    package let reader: @Sendable (_ series: SeriesKey, _ now: Int64) -> any ArchiveReader
    /// Whether nothing was ever there of a series' channel before a file of it, by the file's paths and the instants of its first and last
    /// row.
    package let isBeginning: @Sendable (_ paths: [String], _ times: ClosedRange<Int64>) -> Bool

    package init(
        series: @escaping @Sendable (String) -> SeriesKey?, glance: @escaping @Sendable (SeriesKey) -> ArchiveGlance,
        reader: @escaping @Sendable (SeriesKey, Int64) -> any ArchiveReader,
        isBeginning: @escaping @Sendable ([String], ClosedRange<Int64>) -> Bool
    ) {
        self.isBeginning = isBeginning
        self.series = series
        self.glance = glance
        self.reader = reader
    }
}

/// Bytes of a file in, rows and refusals out. Bytes never become text, except those of a record that is refused.
package protocol ArchiveReader: Sendable {
    /// A batch with the schema's columns and no row.
    var emptyBatch: RowBatch { get }

    /// Takes the next bytes, which may begin and end anywhere, and adds the rows of all whole lines. Rows come in the order of the file:
    /// who stores them sees to the order of time.
    mutating func read(_ bytes: Span<UInt8>, into batch: inout RowBatch, refused: inout [QuarantinedRecord])

    /// The file has ended: what is left is its last line.
    mutating func finish(into batch: inout RowBatch, refused: inout [QuarantinedRecord])

    /// Lines that are nobody's data and no error: headers, empty ones.
    var skippedLines: Int { get }
}
