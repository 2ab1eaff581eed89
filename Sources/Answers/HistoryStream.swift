internal import Series
internal import Store

/// A history that is longer than one answer should be, made piece by piece while it is sent: however long, it takes the
/// memory of one piece.
///
/// Its coverage is that of its beginning: slots that are filled meanwhile do not appear. A value that is revised meanwhile
/// appears as it is when its piece is read; no transaction is kept open while a slow client reads.
package final class HistoryStream {
    package let contentType: String
    package let headers: [(String, String)]
    /// Seconds for which the whole may be kept.
    package let maxAge: Int
    /// Slots of today that are due and might be had, by channel.
    package let lacking: [TodayLack]
    private let maker: AnswerMaker
    private let query: HistoryQuery
    private let scope: Scope
    private let snapshot: Snapshot
    private let seats: StreamSeats
    private let client: String
    private var place: Cursor?
    private var isFirst = true
    private var isOver = false

    /// Rows of a piece: some hundred kB with the stored parts behind them.
    private static let rows = 2000

    init(_ maker: AnswerMaker, _ query: HistoryQuery, _ seats: StreamSeats, client: String) async throws {
        try seats.take(for: client)
        self.seats = seats
        self.client = client
        do {
            place = try maker.historyCursor(query)
            scope = Scope(maker.dataset, from: query.from, to: query.to, now: maker.now)
            snapshot = try await maker.snapshot(notes: query.fill == .null ? scope.span : nil)
        } catch {
            seats.leave(client)
            throw error
        }
        self.maker = maker
        self.query = query
        contentType = query.format.contentType
        headers = [("Gapless-Coverage", maker.coverageText(snapshot.series.map { [scope] in scope.tally($0) }))]
        lacking = maker.lacking(snapshot.series, in: scope)
        let fresh = maker.fresh([], of: snapshot, until: maker.until(scope.nextChange(snapshot.series), lacking, scope))
        maxAge = max(0, Int((Double(fresh.validUntil) / 1000 - maker.startedAt).rounded(.down)))
    }

    deinit { seats.leave(client) }

    /// The next rows; nil behind the last. Throws where the store does not answer: what was sent is then not the whole.
    package func next() async throws -> [UInt8]? {
        if isOver { return nil }
        let page = try HistoryPage(query, scope, snapshot.series, after: place, limit: Self.rows)
        isOver = !page.hasMore
        place = page.end(snapshot.series)
        var piece = snapshot
        if let span = page.span, !span.isEmpty {
            piece = try await maker.rows(of: snapshot, in: span)
        }
        defer { isFirst = false }
        let text = maker.rowText(page, of: piece, query, scope, withHeader: isFirst)
        return text.isEmpty && isOver ? nil : text
    }
}

/// How many histories one loop streams at the same time: each holds a piece for as long as its reader is slow. Nobody gets so
/// many that there are none for others.
final class StreamSeats {
    static let most = 16
    static let mostEach = 4
    private var taken: [String: Int] = [:]

    func take(for client: String) throws(AnswerError) {
        let own = taken[client, default: 0]
        if own == Self.mostEach || taken.values.reduce(0, +) == Self.most { throw .manyStreams(retryAfter: 5) }
        taken[client] = own + 1
    }

    func leave(_ client: String) {
        let left = taken[client, default: 1] - 1
        taken[client] = left == 0 ? nil : left
    }
}
