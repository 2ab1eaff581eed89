internal import Bytes
internal import EventLoop
internal import HTTP
internal import Series
internal import Store

/// What happens to one ingestion, as server-sent events (HTML standard, section 9.2): first the job as it is (`snapshot`), then each event
/// as it is told, to the event that ends the job. Each has an id; who comes back with the last one (`Last-Event-ID`) misses nothing.
struct EventStream {
    let store: Store
    let datasets: [Dataset]
    let seat: EventSeat
    let watched: WatchedIngestion
    /// Events up to this one are known to the client; nil: it begins with the snapshot.
    let known: Int64?

    /// A proxy that hears nothing for longer may take the connection for dead.
    private static let heartbeat = Duration.seconds(15)
    /// How often the table is looked at where nothing is announced.
    private static let look = Duration.seconds(3)
    private static let batch = 100

    func send(to writer: BodyWriter) async throws {
        var last = min(known ?? watched.last, watched.last)
        // One that is over already is told to be so by the event that ended it.
        if known == nil, watched.job.status.isOver, watched.end > 0 { last = watched.end - 1 }
        // Where the store is away for a moment it is told without.
        let job = (try? await store.scored([watched.job], of: datasets))?.first ?? watched.job
        try await writer.write(snapshot(of: job))
        try await writer.flush()
        var isOver = watched.job.status.isOver
        var beat = Deadline.after(Self.heartbeat)
        while true {
            // Where the store is away for a moment, nothing is lost: the next look finds it.
            let events = (try? await store.events(of: watched.job.id, after: last, limit: Self.batch)) ?? []
            for event in events {
                try await writer.write(Self.text(event))
                if event.isEnd { isOver = true }
                if event.kind == "resumed" { isOver = false }
            }
            if let end = events.last {
                last = end.id
                beat = .after(Self.heartbeat)
                try await writer.flush()
                if events.count == Self.batch { continue }
            }
            if isOver || writer.isEnding { return }
            guard await seat.wait(until: min(beat, .after(Self.look))) else { return }
            if beat <= .now {
                try await writer.write(Array(":\n\n".utf8))
                try await writer.flush()
                beat = .after(Self.heartbeat)
                // Its end may be older than what is kept of its events.
                isOver = (try? await store.ingestion(id: watched.job.id)).map { $0?.status.isOver ?? true } ?? false
            }
        }
    }

    /// Its id is that of the last event that it shows; who knows of earlier ones keeps his place, since the events follow.
    private func snapshot(of job: StoredIngestion) -> [UInt8] {
        var json = JSONWriter(capacity: 1024)
        IngestionText.write(job, to: &json)
        let id = known == nil ? "id: \(watched.last)\n" : ""
        return Array("retry: 2000\n\n\(id)event: snapshot\ndata: ".utf8) + json.bytes + Array("\n\n".utf8)
    }

    private static func text(_ event: IngestionEvent) -> [UInt8] {
        var json = JSONWriter(capacity: 64)
        json.timestamp(event.at)
        var text = Array("id: \(event.id)\nevent: \(event.kind)\ndata: {\"at\": ".utf8)
        text += json.bytes
        // (The facts are an object with at least one member.)
        text += Array(", \(event.facts.dropFirst())\n\n".utf8)
        return text
    }
}
