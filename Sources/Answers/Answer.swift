/// An answer as it is sent, but for what depends on the moment.
package struct Answer: Sendable {
    package let body: [UInt8]
    package let contentType: String
    /// Strong (RFC 9110 section 8.8.3), with its quotes, made of `body`.
    package let etag: String
    package let age: AnswerAge
    /// Seconds of its validity that are left: for `max-age`.
    package var maxAge: Int { age.left }
    /// What stands behind the cache's name in `Cache-Status` (RFC 9211): `hit; ttl=3600`, `fwd=uri-miss; stored`.
    package let cacheStatus: String
    /// Further header fields: `Gapless-Coverage`.
    package let headers: [(String, String)]
    /// The cursor of the next page, as in the body; nil at the end.
    package let nextCursor: String?
    /// Nil where it is made of several.
    package var term: Term?
    /// Slots of today that are due and might be had, by channel; none where the answer is as whole as can be.
    package var lacking: [TodayLack] = []

    /// The body while they are being fetched; the same where it does not speak of that.
    package var bodyWhileFetching: [UInt8] {
        let said = TodayLack.notFetching
        guard body.count > said.count, body[(body.count - said.count)...].elementsEqual(said) else { return body }
        return body.dropLast(said.count) + TodayLack.fetching
    }

    /// What `Cache-Status` says of an answer that was kept while the store is away.
    static let stale = "fwd=stale; detail=store-away"
    var isStale: Bool { cacheStatus == Self.stale }
}

/// Why there is no answer.
package enum AnswerError: Error, Sendable, Equatable {
    case unknownDataset(String)
    /// No series of the dataset has this value under this key name.
    case unknownSeries(field: String, value: String)
    /// Each value is some series', but no series has these together.
    case unknownCombination
    /// The dataset has no slot there, or none in the series' lifetime.
    case unknownSlot
    /// It was told that the series has nothing there: why, in a word, and what is said to a person of it.
    case unexpectedSlot(reason: String, text: String)
    /// The series asked for have slots of different lengths, which one history cannot show: this key tells them apart.
    case manyLengths(field: String)
    /// Not a cursor that was given out for this query.
    case badCursor
    /// All rows of the range were asked for, and they are too many for one answer: `Reader.stream` gives them.
    case longHistory
    /// As many histories are being streamed as may be; seconds after which asking again makes sense.
    case manyStreams(retryAfter: Int)
    /// The store cannot be reached and nothing valid is kept; seconds after which asking again makes sense.
    case storeUnavailable(retryAfter: Int)
}

/// What happened on the way to an answer, for metrics and tests.
package enum ReadEvent: Sendable, Equatable {
    /// Answered from this process.
    case hot
    /// Answered from Redis.
    case hit
    /// Made of the store's rows.
    case filled(dataset: String)
    /// Waited for somebody else's making, in this process.
    case collapsed
    /// Waited for another process's making, and found it in Redis.
    case awaited
    /// The store is away: the last known answer was given, and said to be that.
    case stale
    /// Redis could not be asked or told.
    case bypassed
    /// Redis failed, and is left alone for a while.
    case breakerOpened
    /// Redis held something under the key that is not what was put there.
    case rejected
    /// The store could not be asked for versions; the last known ones hold until their lease ends.
    case versionsUnknown
}
