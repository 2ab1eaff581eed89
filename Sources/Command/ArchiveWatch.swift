internal import EventLoop
internal import Ingest
internal import Series
internal import Store

/// Looks through the folder of archive files again and again, so that plans of this store know what is in it. Files are read on a thread of
/// their own: the first look at a large archive takes minutes.
final class ArchiveWatch {
    private let shelf: ArchiveShelf
    private let folder: String
    private let datasets: [Dataset]
    private let reading: Loop
    private let log: Log
    private let rest: Waiter
    private(set) var isStopping = false
    private var said: Set<String> = []

    /// Real time: whatever the shown clock does, a file is there when it is.
    private static let pause = Duration.seconds(60)

    /// nil where no folder is set.
    init?(on loop: isolated Loop, settings: Settings, catalogue: Catalogue, store: Store, clock: ServiceClock, log: Log) throws {
        guard let folder = settings.kraken.archiveDirectory else { return nil }
        self.folder = absolute(folder)
        self.log = log
        datasets = catalogue.datasets.filter { $0.archive != nil }
        reading = try Loop(name: "files")
        rest = Waiter(loop, survivesClosing: true)
        shelf = ArchiveShelf(store: store, clock: clock, reading: reading)
    }

    func run() async {
        while !isStopping {
            for dataset in datasets where !isStopping { await look(dataset) }
            try? await rest.wait(until: .after(Self.pause))
        }
        reading.stop()
    }

    private func look(_ dataset: Dataset) async {
        do {
            let found = try await shelf.look(through: folder, for: dataset)
            if found.new > 0 {
                log.write(.info, "archive files found", ["dataset": dataset.name, "new": "\(found.new)", "files": "\(found.files)"])
            }
            // Each once, not each minute.
            for refusal in found.refused where said.insert(refusal).inserted {
                log.write(.warning, "archive file not read", ["dataset": dataset.name, "reason": refusal])
            }
        } catch {
            let reason = "\(error)"
            guard said.insert(reason).inserted else { return }
            log.write(.warning, "archive not looked through", ["dataset": dataset.name, "reason": reason])
        }
    }

    func stop() {
        isStopping = true
        rest.wake()
    }
}
