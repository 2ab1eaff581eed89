internal import Glibc

/// An errno as a value, with the call that failed.
package struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    package let code: Int32
    package let call: String

    package init(code: Int32, call: String) {
        self.code = code
        self.call = call
    }

    /// The current errno, read at once.
    package static func last(_ call: String) -> SystemError { SystemError(code: errno, call: call) }

    package var description: String { "\(call): \(String(cString: strerror(code)))" }

    package var isOutOfDescriptors: Bool { code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM }
}

/// For C calls of ours that return -errno.
@discardableResult
func checked(_ result: Int32, _ call: String) throws(SystemError) -> Int32 {
    if result < 0 { throw SystemError(code: -result, call: call) }
    return result
}
