internal import Glibc

/// What the kernel says of this process, for those who watch it.
package struct ProcessFigures: Sendable {
    /// Processor time of all threads, ended ones included.
    package let cpuSeconds: Double
    package let openDescriptors: Int
    package let maxDescriptors: Int
    package let threads: Int
    /// Seconds since 1970.
    package let startedAt: Double

    /// Takes some tens of microseconds.
    package static func now() -> ProcessFigures {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let stat = statFields()
        // proc(5), stat: field 20 is the number of threads, field 22 the start in ticks since the machine's.
        let threads = stat.count > 17 ? Int(stat[17]) ?? 0 : 0
        let ticks = stat.count > 19 ? Double(stat[19]) ?? 0 : 0
        let age = seconds(CLOCK_BOOTTIME) - ticks / Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
        return ProcessFigures(
            cpuSeconds: seconds(CLOCK_PROCESS_CPUTIME_ID), openDescriptors: descriptors(),
            maxDescriptors: Int(clamping: limit.rlim_cur), threads: threads, startedAt: seconds(CLOCK_REALTIME) - age)
    }

    private static func seconds(_ clock: Int32) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Fields from the third on: the second is the name, which may hold anything but ends with the last parenthesis.
    private static func statFields() -> [Substring] {
        let file = open("/proc/self/stat", O_RDONLY | O_CLOEXEC)
        if file < 0 { return [] }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress, $0.count) }
        guard count > 0, let end = bytes[..<count].lastIndex(of: UInt8(ascii: ")")) else { return [] }
        return String(decoding: bytes[(end + 1)..<count], as: UTF8.self).split(separator: " ")
    }

    private static func descriptors() -> Int {
        guard let directory = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        // Itself, "." and "..".
        return count - 3
    }
}
