/// A refused record as it was kept, on its way to being read again.
package struct KeptRecord: Sendable, Hashable {
    /// As it came: one JSON record, one CSV line.
    package let record: String
    /// Start of the part that it was found to speak of.
    package let time: Int64?
    /// Of the call that brought it.
    package let shape: String
    /// `line 17`
    package let place: String?
    /// The archive file's name; nil where a call brought it.
    package let file: String?
    /// Why it was refused; nil where that is not known.
    package let reason: String?

    package init(
        record: String, time: Int64?, shape: String, place: String? = nil, file: String? = nil, reason: String? = nil
    ) {
        self.reason = reason
        self.record = record
        self.time = time
        self.shape = shape
        self.place = place
        self.file = file
    }
}

/// Why a kept record is no row: by the same few words as a `QuarantinedRecord`.
package struct RereadRefusal: Error, Sendable, Equatable {
    package let reason: String
    package init(_ reason: String) { self.reason = reason }
}

/// Reads a kept record of a series again. `leniently`: a person says that it is right, so that only its structure must hold; else by the
/// rules as they are now. The row's `series` is 0.
package typealias Reread = @Sendable (SeriesKey, KeptRecord, _ leniently: Bool) -> Result<Row, RereadRefusal>
