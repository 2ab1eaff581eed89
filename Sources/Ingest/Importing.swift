internal import Codec
package import EventLoop
package import Series
package import Store

/// Carries out calls that read a file of an archive: all of it or none.
package final class Importing: LocalWork {
    private let store: Store
    private let decoding: Loop

    /// `decoding`: where files are read and unpacked.
    package init(store: Store, decoding: Loop) {
        self.store = store
        self.decoding = decoding
    }

    package func perform(_ task: LocalTask, _ dataset: Dataset, now: Int64) async throws -> LocalEnd {
        guard let format = dataset.archive, let id = task.claim.file, let file = try await store.archiveFile(id) else {
            return Self.failed("the file that the call was filed for is not known any more")
        }
        let isThere = LocalEnd.ends(TaskResult(ended: .proved, reason: LoadError.isImported.description), written: 0)
        if file.status == .imported { return isThere }
        let source: ArchiveSource
        do throws(ArchiveError) {
            guard let found = try await place(of: file, format) else {
                return .elsewhere("none of its places is there for this worker: \(file.paths.joined(separator: ", "))")
            }
            source = found
        } catch {
            return Self.end(error)
        }
        do {
            let outcome = try await store.load(file: id, for: task.claim, of: dataset, now: now) {
                let reading = try FileReading(source, format, now: now, on: decoding)
                return { try await reading.next() }
            }
            var result = TaskResult(ended: .proved, reason: "the file was read to its end: \(outcome.rows) rows")
            result.quarantined = outcome.quarantined
            return .stored(result, written: outcome.counts.written + outcome.counts.revised)
        } catch let error as ArchiveError {
            return Self.end(error)
        } catch LoadError.isImported {
            return isThere
        } catch let error as LoadError {
            if case .otherContent = error { try await store.markArchiveFile(id, .failed, reason: error.description, task: task.claim.id) }
            return Self.failed(error.description)
        }
    }

    /// What the system keeps from this process another may be let have; what is in the file is the same for all.
    private static func end(_ error: ArchiveError) -> LocalEnd {
        if case .system = error.cause { return .elsewhere("\(error)") }
        return failed("\(error)")
    }

    private static func failed(_ reason: String) -> LocalEnd { .ends(TaskResult(ended: .failed, reason: reason), written: 0) }

    /// The first of its places where it can be read as it was registered; nil where none is there.
    private func place(of file: ArchiveFile, _ format: ArchiveFormat) async throws(ArchiveError) -> ArchiveSource? {
        var refusal: ArchiveError?
        for path in file.paths {
            let found: Result<ArchiveSource?, ArchiveError>
            do {
                found = try await decoding.run { _ in
                    do throws(ArchiveError) { return .success(try ArchiveFolder.source(at: path, format)) } catch { return .failure(error) }
                }
            } catch {
                return nil
            }
            switch found {
            case .success(let source): if let source { return source }
            case .failure(let error): refusal = error
            }
        }
        if let refusal { throw refusal }
        return nil
    }
}

extension ArchiveFolder {
    /// A file by its whole path (`/data/Kraken_OHLCVT.zip!XBTUSD_60.csv`); nil where it is not there.
    static func source(at path: String, _ format: ArchiveFormat) throws(ArchiveError) -> ArchiveSource? {
        // A folder may have a `!` in its name.
        let bang = path.indices.last { path[$0] == "!" && path[..<$0].lowercased().hasSuffix(".zip") }
        let file = bang.map { String(path[..<$0]) } ?? path
        guard let bar = file.lastIndex(of: "/") else { return nil }
        var limits = Limits()
        // What lies beside it is nobody's concern here.
        limits.depth = 0
        let folder = String(file[..<bar])
        let listing = try ArchiveFolder(path: folder, format: format, limits: limits).list(only: String(file[file.index(after: bar)...]))
        let wanted = String(path.dropFirst(folder.count + 1))
        if let refusal = listing.refused.first(where: { $0.path == wanted }) { throw refusal }
        return listing.sources.first { $0.path == wanted }
    }
}
