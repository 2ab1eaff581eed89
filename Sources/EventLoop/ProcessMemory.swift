internal import CSystem
internal import Glibc

/// What the process holds of the machine's memory.
package enum ProcessMemory {
    /// The most that was resident, in bytes (getrusage(2)).
    package static var peak: Int { Int(csys_process_rss_peak_bytes()) }

    /// Resident now, in bytes; nil where /proc does not say (proc(5), statm).
    package static var resident: Int? {
        let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        if file < 0 { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress, $0.count) }
        if count <= 0 { return nil }
        let fields = String(decoding: bytes[..<count], as: UTF8.self).split(separator: " ")
        return fields.count > 1 ? Int(fields[1]).map { $0 * sysconf(Int32(_SC_PAGESIZE)) } : nil
    }

    /// Once, before there are threads: blocks of a quarter of a megabyte and more go back to the machine when they are freed.
    package static func prepare() { csys_tune_heap() }

    /// Gives back what lies free inside the heap: the allocator keeps it, after a crowd has gone, for a crowd that may not come.
    /// Takes some milliseconds of the calling thread, and holds up others that allocate meanwhile.
    package static func giveBack() { csys_trim_heap() }
}
