/// What is so with a slot that the calendar has. Exactly one holds of each slot of a series' lifetime.
///
/// Where several facts are known of one slot, the first of these wins: `present` (what is held is held), `excluded` (a person's
/// word), `absent` (the upstream's), `pending`, `quarantined`, `unfillable`, and `missing` for what is left.
package enum SlotState: String, Sendable, Hashable, CaseIterable {
    /// All its parts are held.
    case present
    /// A person said, with a note, that it is not expected.
    case excluded
    /// The upstream answered, with proof of the end, that it has nothing there.
    case absent
    /// Not due yet.
    case pending
    /// Its record came and failed validation.
    case quarantined
    /// No call that the upstream offers would fill it.
    case unfillable
    /// Due, and not held.
    case missing
}
