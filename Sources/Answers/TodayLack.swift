/// Slots of the local day in progress that series of one channel lack, though they are due and the upstream may have them.
package struct TodayLack: Sendable, Hashable {
    package let channel: String
    /// When the last of them fell due, on the shown clock.
    package let dueAt: Int64

    package init(channel: String, dueAt: Int64) {
        self.channel = channel
        self.dueAt = dueAt
    }

    /// How a history of JSON ends that is kept, and how it is sent while slots of today are being fetched.
    static let notFetching = Array(#""fetching":false}"#.utf8)
    static let fetching = Array(#""fetching":true}"#.utf8)
}
