internal import Codec
package import EventLoop
package import Series
package import Store

/// What was found in a folder of archive files: what is new is passed over once, so that plans know about what each file would bring.
package struct ShelfFindings: Sendable, Equatable {
    /// Files of the dataset that can be read, however packed.
    package var files = 0
    /// Of these, those whose content was not known.
    package var new = 0
    /// Contents that are not in the store yet.
    package var waiting: [Int64] = []
    /// All contents, whatever became of them.
    package var contents: [Int64] = []
    /// What cannot be read, has no row or still grows: it is looked at again the next time.
    package var refused: [String] = []
    /// Files that are none of the dataset's.
    package var passedOver = 0
    /// Their paths, of many the first that were seen (100).
    package var passedOverNames: [String] = []
    /// Names of files that speak of one series by different words, in the order of the series: `DOGEUSD_60.csv` and `XDGUSD_60.csv`.
    package var namesakes: [[String]] = []

    package init() {}
}

/// Looks through folders of archive files, and keeps the store's list of them true.
package final class ArchiveShelf {
    private let store: Store
    private let clock: ServiceClock
    private let reading: Loop
    /// Files without a row, as they were when they were read: this shelf does not read them again and again.
    private var empty: Set<String> = []

    /// Files whose series are made at once.
    private static let together = 50

    /// `reading`: a loop that files may block.
    package init(store: Store, clock: ServiceClock, reading: Loop) {
        self.store = store
        self.clock = clock
        self.reading = reading
    }

    /// Lists a folder, and digests what is not known as it is. `progress`: which file is read, of how many. Throws `ArchiveError` where the
    /// folder cannot be listed, and what the store throws.
    package func look(
        through folder: String, for dataset: Dataset, progress: (_ path: String, _ number: Int, _ count: Int) -> Void = { _, _, _ in }
    ) async throws -> ShelfFindings {
        guard let format = dataset.archive else { return ShelfFindings() }
        let listing = try await reading.run { _ in try ArchiveFolder(path: folder, format: format).list() }
        let places = listing.sources.map { Self.place($0, in: folder) }
        let known = try await store.knownArchiveFiles(at: places, of: dataset.name)
        var findings = ShelfFindings()
        (findings.files, findings.passedOver) = (listing.sources.count, listing.passedOver)
        findings.passedOverNames = listing.passedOverNames
        findings.refused = listing.refused.map { "\($0)" }
        findings.namesakes = Self.namesakes(listing.sources)
        let fresh = zip(listing.sources, places).filter { known[$0.1.path].map(Self.hasNoRow) ?? true }
        var contents = Set(known.values.map(\.id))
        var waiting = Set(known.values.filter { $0.status == .found && !Self.hasNoRow($0) }.map(\.id))
        for start in stride(from: 0, to: fresh.count, by: Self.together) {
            var read: [(source: ArchiveSource, place: ArchivePlace, digest: Result<ArchiveDigest, ArchiveError>)] = []
            for (number, (source, place)) in fresh.enumerated().dropFirst(start).prefix(Self.together) {
                progress(place.path, number + 1, fresh.count)
                let digest = try await digest(source, format)
                if case .failure(let error) = digest {
                    findings.refused.append("\(error)")
                    findings.files -= 1
                }
                // What has no row speaks of no series: none is made, or followed, for its name.
                if case .failure(ArchiveError(path: source.path, cause: .empty)) = digest { continue }
                read.append((source, place, digest))
            }
            let ids = try await series(of: read.map(\.source.series), dataset)
            for (source, place, digest) in read {
                guard let id = ids[source.series] else { continue }
                switch digest {
                case .success(let digest):
                    let file = try await register(digest, at: place, series: id, of: dataset)
                    contents.insert(file.id)
                    if file.status == .found { waiting.insert(file.id) }
                    findings.new += 1
                case .failure(let error):
                    try await store.awaitArchiveFile(of: id, at: place, of: dataset.name, reason: "\(error)", now: clock.now)
                }
            }
        }
        (findings.waiting, findings.contents) = (waiting.sorted(), contents.sorted())
        return findings
    }

    private static func hasNoRow(_ file: ArchiveFile) -> Bool { file.status == .found && file.times == nil }

    private func digest(_ source: ArchiveSource, _ format: ArchiveFormat) async throws -> Result<ArchiveDigest, ArchiveError> {
        let refusal = ArchiveError(path: source.path, cause: .empty)
        let mark = "\(source.fingerprint) \(source.path)"
        if empty.contains(mark) { return .failure(refusal) }
        let digest = try await reading.run { _ -> Result<ArchiveDigest, ArchiveError> in
            do throws(ArchiveError) { return .success(try ArchiveDigest(of: source, format: format)) } catch { return .failure(error) }
        }
        guard case .success(let found) = digest, found.glance.rows == 0 else { return digest }
        empty.insert(mark)
        return .failure(refusal)
    }

    private func register(
        _ digest: ArchiveDigest, at place: ArchivePlace, series: Int, of dataset: Dataset
    ) async throws -> ArchiveFile {
        let glance = digest.glance
        let times = glance.first.flatMap { first in glance.last.map { first...$0 } }
        let content = ArchiveContent(
            seriesID: series, sha256: Hex.decode(digest.sha256) ?? [], bytes: Int(digest.bytes), times: times, rows: glance.rows)
        return try await store.registerArchiveFile(content, at: place, of: dataset.name, now: clock.now)
    }

    private func series(of keys: [SeriesKey], _ dataset: Dataset) async throws -> [SeriesKey: Int] {
        let distinct = Array(Set(keys)).sorted()
        if distinct.isEmpty { return [:] }
        let ids = try await store.ensureSeries(distinct, of: dataset, now: clock.now)
        return Dictionary(zip(distinct, ids)) { first, _ in first }
    }

    private static func namesakes(_ sources: [ArchiveSource]) -> [[String]] {
        var names: [SeriesKey: Set<String>] = [:]
        for source in sources { names[source.series, default: []].insert(source.name) }
        return names.filter { $0.value.count > 1 }.sorted { $0.key < $1.key }.map { $0.value.sorted() }
    }

    private static func place(_ source: ArchiveSource, in folder: String) -> ArchivePlace {
        ArchivePlace(
            path: folder + "/" + source.path, size: source.mark.bytes, modifiedAt: source.modified,
            inode: Int64(bitPattern: source.mark.inode))
    }
}
