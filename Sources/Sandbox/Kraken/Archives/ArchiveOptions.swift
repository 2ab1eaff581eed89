internal import Bytes

extension Sandbox {
    /// Which archive files are written, and what is wrong with them. Names of files are without folder and ending: `XBTUSD_60`.
    package struct ArchiveOptions: Sendable, Hashable {
        package enum Packing: String, Sendable, Hashable { case plain, gz, zip, stored = "zip-stored" }

        /// A pair and a quarter: `XBTUSD@2024Q1`.
        struct Spot: Sendable, Hashable {
            let pair: String
            let quarter: Quarter
        }

        package struct Gap: Sendable, Hashable {
            package let pair: String
            package let range: Range<Int64>

            package init(pair: String, range: Range<Int64>) {
                self.pair = pair
                self.range = range
            }
        }

        /// Candles that ended by then: seconds since 1970.
        package var through: Int64
        /// So many whole quarters before `through` come as files of their own; the complete set ends where they begin, and
        /// `through` is then the start of its quarter. 0: all is in the complete set.
        package var quarters = 0
        package var intervals = [1, 5, 15, 30, 60, 240, 720, 1440]
        /// Empty for all.
        package var pairs: Set<String> = []
        package var complete = Packing.plain
        package var quarterly = Packing.zip

        /// A quarter's files begin so many days before it.
        package var overlapDays = 0
        /// A quarter that was never published.
        var missingQuarters: Set<Quarter> = []
        /// The pair's 720 and 1440 minutes lack the bucket that ends with the quarter.
        var lostBuckets: Set<Spot> = []
        /// Volumes smaller by up to a quarter of a percent, and some trades not counted; no price changes. Files written without this
        /// option are the later edition.
        var restatedQuarters: Set<Quarter> = []
        /// Pairs whose files open with a line of names, and such whose lines end with CR LF.
        package var headers: Set<String> = []
        package var crlf: Set<String> = []
        /// Slots wholly within are left out, though they traded.
        package var gaps: [Gap] = []
        /// Files of the complete set whose last line is half there.
        package var growing: Set<String> = []
        /// Files of the complete set of which some lines are none: see `ArchiveFile.spoiled`.
        package var badLines: Set<String> = []
        /// `._` files and `__MACOSX`; a daily file of another shape; files of names that look like a pair's, and one content twice.
        package var hasJunk = false
        package var hasStray = false
        package var hasLookAlikes = false

        package init(through: Int64) { self.through = through }

        /// Up to the start of the quarter that the sandbox's clock shows.
        package init(_ configuration: Configuration) {
            let now = Clock(start: configuration.clockStart, speed: configuration.clockSpeed).now
            self.init(through: Quarter(containing: now).start)
        }

        /// As `--archive` gives it: an object of the names above; what it does not name stays.
        package mutating func change(by json: [UInt8]) throws(Faults.Refused) {
            guard case .object(let members)? = try? JSONValue(parsing: json) else {
                throw Faults.Refused(name: "the archive's options are not a JSON object")
            }
            for (name, value) in members { try set(name, FaultMember(name: "archive." + name, value: value)) }
        }

        private mutating func set(_ name: String, _ member: FaultMember) throws(Faults.Refused) {
            switch name {
            case "quarters": quarters = try member.count() ?? 0
            case "intervals": intervals = try member.intervals()
            case "pairs": pairs = Set(try member.texts())
            case "complete": complete = try member.word(Packing.self)
            case "quarterly": quarterly = try member.word(Packing.self)
            case "overlapDays": overlapDays = min(366, try member.count() ?? 0)
            case "missingQuarters": missingQuarters = Set(try member.quarters())
            case "lostBuckets": lostBuckets = Set(try member.spots())
            case "restatedQuarters": restatedQuarters = Set(try member.quarters())
            case "headers": headers = Set(try member.texts())
            case "crlf": crlf = Set(try member.texts())
            case "gaps":
                gaps = []
                for (pair, value) in try member.members() {
                    gaps += try FaultMember(name: member.name, value: value).stretches().map { Gap(pair: pair, range: $0) }
                }
            case "growing": growing = Set(try member.texts())
            case "badLines": badLines = Set(try member.texts())
            case "junk": hasJunk = try member.flag()
            case "stray": hasStray = try member.flag()
            case "lookAlikes": hasLookAlikes = try member.flag()
            default: throw Faults.Refused(name: member.name)
            }
        }
    }
}

extension FaultMember {
    fileprivate func intervals() throws(Refused) -> [Int] {
        guard let list = value.array else { throw Refused(name: name) }
        var intervals: [Int] = []
        for one in list {
            guard let minutes = one.int, minutes > 0, 1440 % minutes == 0 else { throw Refused(name: name) }
            intervals.append(Int(minutes))
        }
        return intervals
    }

    fileprivate func quarters() throws(Refused) -> [Quarter] {
        var quarters: [Quarter] = []
        for text in try texts() {
            guard let quarter = Quarter(text) else { throw Refused(name: name) }
            quarters.append(quarter)
        }
        return quarters
    }

    fileprivate func spots() throws(Refused) -> [Sandbox.ArchiveOptions.Spot] {
        var spots: [Sandbox.ArchiveOptions.Spot] = []
        for text in try texts() {
            let parts = text.split(separator: "@")
            guard parts.count == 2, let quarter = Quarter(parts[1]) else { throw Refused(name: name) }
            spots.append(Sandbox.ArchiveOptions.Spot(pair: String(parts[0]), quarter: quarter))
        }
        return spots
    }
}
