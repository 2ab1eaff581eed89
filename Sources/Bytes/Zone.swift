internal import Glibc

/// The clocks of one place: which offset from UTC they had, have and will have, by the system's time-zone database.
///
/// Instants are seconds since 1970. The rule at the file's end is carried on to the year 2200; behind that the last offset stays.
package struct Zone: Sendable, Hashable {
    package let name: String
    /// Segment `i` begins at `starts[i]` and has `offsets[i]`; the first begins at `Int64.min`.
    private let starts: [Int64]
    private let offsets: [Int]

    package static let utc = Zone(name: "UTC", offset: 0)
    private static let lastYear = 2200

    /// A zone whose clocks never change, `offset` seconds east of Greenwich.
    package init(name: String, offset: Int) {
        self.name = name
        starts = [.min]
        offsets = [offset]
    }

    /// From the bytes of a TZif file (RFC 9636).
    package init(name: String, file: [UInt8]) throws(ZoneError) {
        let parsed = try TimeZoneFile(file)
        var firstOffset = parsed.firstOffset
        var transitions = parsed.transitions
        if !parsed.footer.isEmpty {
            let rule = try TimeZoneRule(parsed.footer)
            // Where nothing was ever changed, the rule is all there is.
            if transitions.isEmpty { firstOffset = rule.standard }
            let last = transitions.last ?? TimeZoneFile.Transition(at: .min, offset: firstOffset)
            let firstYear = transitions.isEmpty ? 1900 : Zone.utc.day(at: last.at).year
            if firstYear <= Zone.lastYear {
                transitions += rule.transitions(years: firstYear...Zone.lastYear, after: last.at, offset: last.offset)
            }
        }
        self.name = name
        starts = [.min] + transitions.map(\.at)
        offsets = [firstOffset] + transitions.map(\.offset)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(starts.count)
    }

    // MARK: From instants to the clock on the wall

    /// Seconds east of Greenwich.
    package func offset(at instant: Int64) -> Int { offsets[segment(at: instant)] }

    /// The local day that an instant lies in.
    package func day(at instant: Int64) -> LocalDate {
        let local = instant + Int64(offset(at: instant))
        return LocalDate(daysSince1970: Int(local.flooredQuotient(86_400)))
    }

    /// What calendar and clock show.
    package struct Local: Sendable, Hashable {
        package var date: LocalDate
        package var hour, minute, second: Int
        /// Seconds east of Greenwich.
        package var offset: Int
    }

    package func local(at instant: Int64) -> Local {
        let offset = offset(at: instant)
        let local = instant + Int64(offset)
        let day = local.flooredQuotient(86_400)
        let second = Int(local - day * 86_400)
        return Local(
            date: LocalDate(daysSince1970: Int(day)), hour: second / 3600, minute: second / 60 % 60, second: second % 60, offset: offset)
    }

    // MARK: From the clock on the wall to instants

    /// The first instant of a local day. That is not always midnight: where the clocks jump at midnight, the day begins at 01:00.
    /// (Of a day that a place skipped altogether it is the start of the next one.)
    package func start(of date: LocalDate) -> Int64 { first(date, minute: 0) }

    /// The first instant at which the clock shows this time of a local day or a later one: in the hour that is repeated the earlier of
    /// the two, in the hour that is skipped the moment of the jump. `minute` of the day, 0..<1440.
    package func first(_ date: LocalDate, minute: Int) -> Int64 {
        let local = Int64(date.daysSince1970) * 86_400 + Int64(minute) * 60
        var index = segment(at: local - Zone.widestOffset)
        while index + 1 < starts.count, local - Int64(offsets[index]) >= starts[index + 1] { index += 1 }
        return max(starts[index], local - Int64(offsets[index]))
    }

    /// All instants of a local day: `[start, start of the next)`, of 23, 24 or 25 hours.
    package func range(of date: LocalDate) -> Range<Int64> { start(of: date)..<start(of: date.advanced(by: 1)) }

    /// The instants at which the clock shows this time: none in the hour that is skipped, two in the hour that is repeated
    /// (the earlier first), else one. `hour` 0...23, `minute` 0...59.
    package func instants(_ date: LocalDate, hour: Int, minute: Int) -> [Int64] {
        let local = Int64(date.daysSince1970) * 86_400 + Int64(hour * 3600 + minute * 60)
        var index = segment(at: local - Zone.widestOffset)
        var found: [Int64] = []
        while index < starts.count, starts[index] <= local + Zone.widestOffset {
            let instant = local - Int64(offsets[index])
            let ends = index + 1 < starts.count ? starts[index + 1] : .max
            if instant >= starts[index], instant < ends { found.append(instant) }
            index += 1
        }
        return found
    }

    /// No clock is further from Greenwich (RFC 9636 allows up to 26 hours).
    private static let widestOffset: Int64 = 26 * 3600

    /// The segment that holds an instant: the last that starts at or before it.
    private func segment(at instant: Int64) -> Int {
        var low = 0
        var high = starts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= instant { low = middle } else { high = middle }
        }
        return low
    }
}

extension Zone {
    /// Reads a zone of the system's database by its name, such as `America/Santiago`. Names that could leave the directory are
    /// refused: the name may come from outside.
    package static func load(_ name: String, directory: String = "/usr/share/zoneinfo") throws(ZoneError) -> Zone {
        guard isPlain(name) else { throw .badName(name) }
        return try Zone(name: name, file: try contents(of: directory + "/" + name))
    }

    /// Parts of letters, digits, `_`, `+` and `-`, parted by single slashes: no dot, so no `..`.
    private static func isPlain(_ name: String) -> Bool {
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return name.utf8.count <= 64
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.allSatisfy { byte in
                        (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 10
                            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
                    }
            }
    }

    private static func contents(of path: String) throws(ZoneError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(path: path, reason: String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var file: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count == 0 { return file }
            if count < 0 {
                if errno == EINTR { continue }
                throw .unreadable(path: path, reason: String(cString: strerror(errno)))
            }
            file += buffer[..<count]
            // The largest real one has 4 kB.
            if file.count > 1_000_000 { throw .unreadable(path: path, reason: "it is too long") }
        }
    }
}

extension Int64 {
    /// The quotient rounded towards minus infinity, as calendars need it.
    func flooredQuotient(_ divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
