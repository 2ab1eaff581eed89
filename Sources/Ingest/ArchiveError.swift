package import EventLoop

/// Why an archive file is not read, with its path as people know it.
package struct ArchiveError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Cause: Sendable, Equatable {
        /// It changed while it was looked at, or a moment before: it waits until it rests.
        case growing
        /// By its time it was written after now: nobody can tell whether it rests.
        case ahead
        /// The bytes are not what their packing promises; why.
        case damaged(String)
        /// No line of it begins as a row does: it is of nothing.
        case empty
        /// The folder is deeper, or has more in it, than is looked at.
        case tooMuch
        case system(SystemError)
    }

    package let path: String
    package let cause: Cause

    package init(path: String, cause: Cause) {
        self.path = path
        self.cause = cause
    }

    package var description: String {
        switch cause {
        case .growing: "\(path): still grows, or was written less than 2 s ago"
        case .ahead: "\(path): its time lies in the future (touch it)"
        case .damaged(let reason): "\(path): \(reason)"
        case .empty: "\(path): no row in it"
        case .tooMuch: "\(path): the folder is too deep or has too many files"
        case .system(let error): "\(path): \(error)"
        }
    }
}
