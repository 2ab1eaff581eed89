package import EventLoop
internal import Postgres

/// Readers answer out of memory, and an ingestion must not be called ended while one of them may still give what was before
/// it. Two facts make that so, and neither needs a reader to be well:
///
/// - A reader trusts the versions that it read for `readerTrust`, from before it asked for them. Whoever settles can wait that
///   long after the last commit and be sure of everybody, the stopped and the cut off included.
/// - A reader's row stands, and counts, before it reads the versions that it will trust. So whoever settles sees a row of
///   every reader that may hold older ones, and where all of these say that they know better, the wait is over at once.
extension Store {
    /// How long versions may be answered from after they were asked for.
    package static let readerTrust = Duration.seconds(2)
    /// What clocks that run at different speeds, and a process that is stopped between a look at its clock and an answer, are
    /// allowed for.
    static let readerSlack = Duration.milliseconds(200)
    /// A row counts for ten seconds of the server's clock after it was last renewed; a reader relies on half of them.
    package static let readerListing = Duration.seconds(5)

    /// Renews a reader's row, and says which versions it has taken up: their sum. False where the server takes no writes; the
    /// reader may not trust anything then beyond the moment.
    package func list(reader id: String, seen: Int64, until deadline: Deadline) async throws -> Bool {
        do {
            try await pool.query("""
                insert into readers (id, heard_at, seen) values (\(id)::uuid, now(), \(seen))
                on conflict (id) do update set heard_at = excluded.heard_at, seen = greatest(readers.seen, excluded.seen)
                """, until: deadline)
            return true
        } catch let error as PostgresError where error.kind == .readOnly {
            return false
        }
    }

    /// Takes a reader's row away; it must not trust any versions by then.
    package func unlist(reader id: String, until deadline: Deadline) async throws {
        try await pool.query("delete from readers where id = \(id)::uuid", until: deadline)
    }

    /// Rows of readers that ended without a word.
    package func sweepReaders() async throws {
        try await pool.query("""
            delete from readers where id in
                (select id from readers where heard_at < now() - interval '1 minute' for update skip locked)
            """)
    }

    /// Waits until no reader gives answers that are older than what is committed now. As a rule some milliseconds, since every
    /// reader is told of new versions; `readerTrust` and a little where one does not say that it knows.
    package func awaitReaders() async throws {
        let limit = Deadline.after(Self.readerTrust + Self.readerSlack)
        let needed = try await pool.read("select coalesce(sum(version), 0)::int8 from dataset_versions").only().int64(0)
        var pause = Duration.milliseconds(2)
        while try await laggards(behind: needed) > 0, limit > .now {
            try await pool.loop.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(50))
        }
    }

    func laggards(behind needed: Int64) async throws -> Int {
        try await pool.read("""
            select count(*) from readers where seen < \(needed) and heard_at > now() - interval '10 seconds'
            """).only().int(0)
    }

    /// Calls `heard` once the announcements of new versions can be heard, and at each of them; throws when they cannot any
    /// more, or the loop closes. On a connection of its own: what one hears is lost with it.
    package func hearVersions(_ heard: () -> Void) async throws {
        try await hear("gapless_versions", as: "readers", while: { true }) { _ in heard() }
    }
}
