import EventLoop
import Foundation
import Testing

/// A program in a pseudo-terminal of its own (pty(7)), which is its controlling terminal: Ctrl-C reaches it as it reaches a person's.
final class TerminalUnderTest {
    private let master: Int32
    private let process = Process()
    private var bytes: [UInt8] = []

    // ioctl_tty(2): TIOCSPTLCK, TIOCGPTN.
    private static let unlock: UInt = 0x4004_5431, number: UInt = 0x8004_5430

    init(_ arguments: [String], environment: [String: String], columns: UInt16) throws {
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(master >= 0)
        var zero: Int32 = 0, number: Int32 = 0
        try #require(ioctl(master, Self.unlock, &zero) == 0 && ioctl(master, Self.number, &number) == 0)
        var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        try #require(ioctl(master, UInt(TIOCSWINSZ), &size) == 0)
        let slave = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(slave >= 0)
        let handle = FileHandle(fileDescriptor: slave, closeOnDealloc: true)
        process.executableURL = URL(fileURLWithPath: "/usr/bin/setsid")
        process.arguments = ["--ctty", "--wait"] + arguments
        process.environment = environment
        process.standardInput = handle
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
    }

    deinit { close(master) }

    /// All that it has shown so far.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    func type(_ keys: String) { _ = Array(keys.utf8).withUnsafeBytes { write(master, $0.baseAddress, $0.count) } }

    func resize(columns: UInt16) {
        var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    }

    /// Reads until `isThere` holds of what was shown.
    func wait(until isThere: (String) -> Bool) throws {
        let limit = Deadline.after(.seconds(120))
        while !isThere(text) {
            try #require(Deadline.now < limit, "it did not come: \(text)")
            try #require(take(), "the program ended first: \(text)")
        }
    }

    /// Reads to the end; returns the exit code.
    func end() throws -> Int32 {
        let limit = Deadline.after(.seconds(120))
        while take() { try #require(Deadline.now < limit, "it did not end: \(text)") }
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Reads what there is within a tenth of a second; false at the end.
    private func take() -> Bool {
        var wanted = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
        guard poll(&wanted, 1, 100) == 1 else { return process.isRunning }
        var part = [UInt8](repeating: 0, count: 4096)
        let count = part.withUnsafeMutableBytes { read(master, $0.baseAddress, $0.count) }
        // EIO: nobody has the other side open any more.
        if count <= 0 { return false }
        bytes += part[..<count]
        return true
    }

    /// What was drawn over and over on the last line, each state of it; rows end with the terminal's own line break.
    var drawings: [String] {
        // (A carriage return before a line feed is one character to Swift.)
        let parts = text.split { $0 == "\r\n" || $0 == "\r" || $0 == "\n" }
        return parts.map { String($0).replacing("\u{1B}[K", with: "").replacing("^C", with: "") }.filter { !$0.isEmpty }
    }
}
