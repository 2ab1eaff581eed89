/// One thing that is wrong now, judged from facts. What makes it the same thing a minute later is its cause: kind, scope and key.
package struct Alarm: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A local day has fewer slots than its calendar, and all of them are past their objective.
        case incompleteDay = "incomplete_day"
        /// Slots of a day that is not over are past their objective.
        case lateSlot = "late_slot"
        /// Most requests to an upstream fail.
        case failingUpstream = "failing_upstream"
        /// More is asked of an upstream's quota than it holds.
        case budgetShort = "budget_short"
        /// Of some series the last records that came are not good enough.
        case quality

        /// Whether the scope is an upstream; else it is a dataset.
        package var concernsUpstream: Bool { self == .failingUpstream || self == .budgetShort }
    }

    package enum Severity: String, Sendable, Hashable, CaseIterable {
        /// Nothing can be done about it: told once, and acknowledged by itself.
        case info
        case warning
        /// Nothing new comes while it lasts.
        case critical
    }

    package struct Cause: Sendable, Hashable {
        package let kind: Kind
        /// The dataset's or the upstream's name.
        package let scope: String
        /// The day, the channel; empty where the scope says all.
        package let key: String

        package init(_ kind: Kind, scope: String, key: String = "") {
            self.kind = kind
            self.scope = scope
            self.key = key
        }
    }

    package let cause: Cause
    package let severity: Severity
    /// One sentence for people.
    package let message: String
    /// How many slots lack, requests fail or are too many, or series are below the gate.
    package let count: Int
    /// What it is about: a JSON object.
    package let subject: String
    /// How it is: a JSON object. Equal facts are equal texts, so nothing in it may grow by time alone.
    package let details: String

    package init(_ cause: Cause, _ severity: Severity, message: String, count: Int, subject: String, details: String) {
        self.cause = cause
        self.severity = severity
        self.message = message
        self.count = count
        self.subject = subject
        self.details = details
    }
}
