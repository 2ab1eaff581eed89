internal import Codec
internal import EventLoop
internal import Glibc
package import Series

/// A folder of archive files that an upstream publishes: `.csv`, `.csv.gz` and `.zip`, in folders of any names. It is somebody's own
/// and only read.
///
/// Regular files alone count: symbolic links inside are not followed, so that nothing outside is read and no circle is walked; the folder
/// itself may be one. What hides (`._`, `.`, `__MACOSX`) is passed over. All calls block: they belong on a loop of their own.
package struct ArchiveFolder: Sendable {
    package struct Limits: Sendable {
        /// Folders below each other.
        package var depth = 8
        /// Files and folders looked at, and entries of all ZIP archives.
        package var entries = 1_000_000
        /// A file that was written less than so many nanoseconds ago may still be: it is told as growing.
        package var rest: Int64 = 2_000_000_000

        package init() {}
    }

    package struct Listing: Sendable {
        /// By path, so that the same folder gives the same order.
        package var sources: [ArchiveSource] = []
        /// Files and entries that would be the dataset's and cannot be read, or still grow; folders that cannot be listed.
        package var refused: [ArchiveError] = []
        /// Files and entries that are none of the dataset's.
        package var passedOver = 0
        /// Their paths, as many as are told.
        package var passedOverNames: [String] = []
    }

    /// Names of files that are none of the dataset's that are told.
    private static let namesTold = 100

    package let path: String
    private let format: ArchiveFormat
    private let limits: Limits

    package init(path: String, format: ArchiveFormat, limits: Limits = Limits()) {
        self.path = path
        self.format = format
        self.limits = limits
    }

    /// What is there now. Throws where the folder itself cannot be read, or holds too much.
    package func list() throws(ArchiveError) -> Listing {
        var walk = Walk(folder: self)
        try walk.folder(path, below: "", depth: 0)
        return Self.sorted(walk)
    }

    /// One file of the folder, with what is packed in it; nothing where it is not there.
    func list(only name: String) throws(ArchiveError) -> Listing {
        var walk = Walk(folder: self)
        try walk.take(name, in: path, below: "", depth: 0)
        return Self.sorted(walk)
    }

    private static func sorted(_ walk: Walk) -> Listing {
        var listing = walk.listing
        listing.sources.sort { $0.path < $1.path }
        listing.refused.sort { $0.path < $1.path }
        listing.passedOverNames.sort()
        return listing
    }

    private struct Walk {
        let folder: ArchiveFolder
        var listing = Listing()
        var seen = 0
        /// Real time: files are stamped with it, whatever clock the service shows.
        let now = Self.realTime()

        init(folder: ArchiveFolder) { self.folder = folder }

        private static func realTime() -> Int64 {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
        }

        mutating func folder(_ place: String, below prefix: String, depth: Int) throws(ArchiveError) {
            let shown = prefix.isEmpty ? place : prefix
            guard depth <= folder.limits.depth else { throw ArchiveError(path: shown, cause: .tooMuch) }
            guard let stream = opendir(place) else { throw ArchiveError(path: shown, cause: .system(.last("opendir"))) }
            defer { closedir(stream) }
            while let entry = readdir(stream) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
                }
                if name == "." || name == ".." { continue }
                try count(1, shown)
                try take(name, in: place, below: prefix, depth: depth)
            }
        }

        private mutating func count(_ more: Int, _ shown: String) throws(ArchiveError) {
            seen += more
            guard seen <= folder.limits.entries else { throw ArchiveError(path: shown, cause: .tooMuch) }
        }

        mutating func take(_ name: String, in place: String, below prefix: String, depth: Int) throws(ArchiveError) {
            var facts = stat()
            let file = place + "/" + name
            let shown = prefix.isEmpty ? name : prefix + "/" + name
            let kind = lstat(file, &facts) == 0 ? facts.st_mode & S_IFMT : 0
            if ArchiveFolder.isHidden(name) || (kind != S_IFDIR && kind != S_IFREG) {
                passOver(shown)
            } else if kind == S_IFDIR {
                try noting { (walk) throws(ArchiveError) in try walk.folder(file, below: shown, depth: depth + 1) }
            } else if ArchiveFolder.hasSuffix(name, ".zip") {
                try noting { (walk) throws(ArchiveError) in try walk.archive(file, shown, ReadOnlyFile.Mark(facts)) }
            } else {
                plain(name, file, shown, ReadOnlyFile.Mark(facts))
            }
        }

        private mutating func passOver(_ shown: String) {
            listing.passedOver += 1
            if listing.passedOverNames.count < ArchiveFolder.namesTold { listing.passedOverNames.append(shown) }
        }

        private mutating func plain(_ name: String, _ file: String, _ shown: String, _ mark: ReadOnlyFile.Mark) {
            let isPacked = ArchiveFolder.hasSuffix(name, ".gz")
            guard let series = folder.format.series(isPacked ? String(name.dropLast(3)) : name) else {
                passOver(shown)
                return
            }
            if let unrest = unrest(of: mark) {
                listing.refused.append(ArchiveError(path: shown, cause: unrest))
                return
            }
            listing.sources.append(ArchiveSource(
                path: shown, series: series, storedBytes: mark.bytes, bytes: isPacked ? nil : mark.bytes, modified: mark.modified,
                packing: isPacked ? .gzip : .none, place: file, mark: mark))
        }

        private mutating func archive(_ place: String, _ shown: String, _ mark: ReadOnlyFile.Mark) throws(ArchiveError) {
            if let unrest = unrest(of: mark) { throw ArchiveError(path: shown, cause: unrest) }
            let file = try ReadOnlyFile(place, path: shown)
            let directory = try ArchiveText.naming(shown) { try ZipDirectory(size: mark.bytes) { try file.read(at: $0, into: &$1) } }
            guard try file.mark() == mark else { throw ArchiveError(path: shown, cause: .growing) }
            try count(directory.entries.count, shown)
            for entry in directory.entries {
                let parts = entry.name.split(separator: "/").map(String.init)
                let isHidden = parts.contains(where: ArchiveFolder.isHidden)
                let path = "\(shown)!\(entry.name)"
                guard !isHidden, let name = parts.last, let series = folder.format.series(name) else {
                    passOver(path)
                    continue
                }
                if let refusal = entry.refusal {
                    listing.refused.append(ArchiveError(path: path, cause: .damaged(refusal.rawValue)))
                    continue
                }
                listing.sources.append(ArchiveSource(
                    path: path, series: series, storedBytes: entry.packedBytes, bytes: entry.bytes, modified: mark.modified,
                    packing: .zip(entry), place: place, mark: mark))
            }
        }

        private func unrest(of mark: ReadOnlyFile.Mark) -> ArchiveError.Cause? {
            let age = now - mark.modified
            // Clocks of file servers are some moments apart from this one.
            return age >= folder.limits.rest ? nil : age < -folder.limits.rest ? .ahead : .growing
        }

        /// One file or folder below that cannot be read is noted and keeps none of the others back.
        private mutating func noting(_ work: (inout Walk) throws(ArchiveError) -> Void) throws(ArchiveError) {
            do throws(ArchiveError) {
                try work(&self)
            } catch {
                if error.cause == .tooMuch { throw error }
                listing.refused.append(error)
            }
        }
    }

    private static func isHidden(_ name: String) -> Bool { name.hasPrefix(".") || name == "__MACOSX" }

    private static func hasSuffix(_ name: String, _ suffix: String) -> Bool { name.lowercased().hasSuffix(suffix) }
}
