/// Something that the service does by itself again and again: schedules, alarms, retention. Any number of processes perform the same duties
/// beside each other without a leader: what must be done once is kept apart by row locks in the store.
package protocol Duty: AnyObject {
    /// For the log: `schedules`.
    var name: String { get }

    /// Does what is due now. Returns the real seconds after which it wants to be performed again; where it throws it is performed again
    /// after a pause that grows.
    func perform() async throws -> Double

    /// It is not performed again: what it does now is to end soon.
    func stop()
}

extension Duty {
    package func stop() {}
}
