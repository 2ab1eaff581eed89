package import Bytes

/// What one call is asked to do: a planned call, with what its exchange must know to carry it out.
package struct CallOrder: Sendable, Hashable {
    /// The call shape's name.
    package let shape: String
    /// The series that want something of this call; rows of others are dropped.
    package let series: [SeriesKey]
    /// The periods asked for, in the dataset's period ruler.
    package let periods: Range<Int>
    /// The shown clock when the call began: what an upstream says of an hour may still change its meaning until it is due.
    package let now: Int64
    /// What the plan lets it spend, retries not counted: a call that finds out that it needs more ends as `costlier`.
    package let requests: Int
    /// Rows a page that this call shape was last found to give; nil: as the dataset knows.
    package let pageRows: Int?
    /// Subjects that one request may name, where the upstream counts tokens: what more would cost is more than its budget ever holds.
    package let subjectsAtOnce: Int

    package init(
        shape: String, series: [SeriesKey], periods: Range<Int>, now: Int64 = .max, requests: Int = .max, pageRows: Int? = nil,
        subjectsAtOnce: Int = .max
    ) {
        self.subjectsAtOnce = max(1, subjectsAtOnce)
        self.shape = shape
        self.series = series
        self.periods = periods
        self.now = now
        self.requests = requests
        self.pageRows = pageRows
    }
}

/// How a call goes: a value machine that knows neither sockets nor tables. Facts in, orders out.
///
/// The caller sends every request that `start` and `received` return, in any order and several at a time, and hands each
/// answer back. The call is over when a step carries an `end`.
package protocol Exchange: Sendable {
    mutating func start() -> [UpstreamRequest]

    /// One answer with status 200. Throws where the body is not what the upstream promises; the caller then retries the
    /// request, by the defect's class, and the machine is as it was.
    mutating func received(_ answer: UpstreamAnswer, to request: UpstreamRequest) throws(AnswerDefect) -> Step

    /// The caller gave a request up, after its retries, because of this. What is still outstanding may be awaited.
    mutating func gaveUp(on request: UpstreamRequest, because cause: FailureClass) -> Step

    /// A request that was not sent, since its subjects would cost more than the upstream's bucket holds by now: what to send in its place,
    /// each for so many subjects at most. Empty: it cannot be done, and the request is given up.
    mutating func split(_ request: UpstreamRequest, to subjects: Int) -> [UpstreamRequest]
}

extension Exchange {
    package mutating func split(_ request: UpstreamRequest, to subjects: Int) -> [UpstreamRequest] { [] }
}

/// A request as the dataset sees it: host, secret and header fields are the caller's.
package struct UpstreamRequest: Sendable, Hashable {
    package let path: String
    package let query: [QueryItem]
    /// Tells requests of one exchange apart where path and query are equal (a page asked for again).
    package let attempt: Int
    /// A refusal may be about this request alone (a filter that is answered 429 or 400): it is given up early, and does not end the call.
    package let isDoubtful: Bool
    /// 403 may be about what this request asks for, which the plan of the key does not hold, and does not end the call.
    package let mayBeForbidden: Bool
    /// What the upstream's pace is counted by, where it is not all its requests together (Kraken: a pair); nil: all together.
    package let scope: String?
    /// How many subjects it asks for, where each costs tokens.
    package let subjects: Int

    package struct QueryItem: Sendable, Hashable {
        package let name: String
        package let value: String
    }

    package init(
        path: String, query: [(String, String)], attempt: Int = 0, isDoubtful: Bool = false, mayBeForbidden: Bool = false,
        scope: String? = nil, subjects: Int = 0
    ) {
        self.scope = scope
        self.subjects = subjects
        self.mayBeForbidden = mayBeForbidden
        self.path = path
        self.query = query.map { QueryItem(name: $0.0, value: $0.1) }
        self.attempt = attempt
        self.isDoubtful = isDoubtful
    }
}

package struct UpstreamAnswer: Sendable {
    package let body: [UInt8]
    package init(body: [UInt8]) { self.body = body }
}

/// What an answer led to.
package struct Step: Sendable {
    package var rows: [Row] = []
    /// Rows of series that the order does not name, of a call that lists what there is: the store makes those series.
    package var found: [FoundRow] = []
    package var requests: [UpstreamRequest] = []
    package var end: CallEnd?
    /// Records that were not asked for, or that name an instant that does not exist.
    package var dropped = 0
    /// Requests that this call was found to need in all, and rows a page, where that was learnt: plans are priced by it.
    package var needs: Needs?
    /// Records that failed the dataset's rules, with the reason.
    package var quarantined: [QuarantinedRecord] = []
    /// Records among `rows` that are odd.
    package var marks: [QualityMark] = []
    /// The periods of which the end is sure what there is, where they are not all that were asked for: a window that moved on, a tape that
    /// was read half. nil: all of a call that is proved, none of one that is not.
    package var witnessed: Range<Int>?
    /// Of `witnessed`, the order's series by index of which the end is sure of nothing: the upstream answered for the others only.
    package var unanswered: Set<Int> = []
    /// The end is sure that the upstream no longer has the channel of this call at all: nothing is expected of it behind what is held.
    package var isGone = false
    /// Where that is known by silence alone, since when there was none: something that is held from then on says otherwise, and where
    /// nothing is held at all nothing has ended.
    package var silentSince: Int64?
    /// The end is sure that the upstream had nothing of the channel of this call before the earliest of its rows, ever.
    package var isBeginning = false
    /// Where a record came before the earliest row that was refused, when: it belongs to the lifetime.
    package var beginsAt: Int64?

    package init() {}

    package struct Needs: Sendable, Equatable {
        package let requests: Int
        package let pageRows: Int

        package init(requests: Int, pageRows: Int) {
            self.requests = requests
            self.pageRows = pageRows
        }
    }
}

/// How the end of a call is known.
package enum CallEnd: Sendable, Equatable {
    /// Every page that the upstream has was seen; what is not among the rows is not there.
    case proved(String)
    /// Something did not come: what is not among the rows stays missing.
    case unproved(String)
    /// The upstream does not honour this shape (a filter ignored): the rest must be planned anew without it.
    case shapeUnusable(String)
    /// The call would need so much, more requests than were planned: what is left must be planned anew at that price. Known after
    /// the first answer as a rule, so that little was spent. The step that ends so need not say its needs again.
    case costlier(Step.Needs, String)
    /// The upstream answers, but not for so many periods at once: what is left must be planned anew with fewer.
    case tooWide(String)
}

/// One record as it is stored: the part of a slot that it fills, and its values in the schema's column order.
package struct Row: Sendable, Equatable {
    /// Index into the order's series.
    package let series: Int
    /// Start of the part, seconds since 1970.
    package let time: Int64
    package let values: [Value]

    package init(series: Int, time: Int64, values: [Value]) {
        self.series = series
        self.time = time
        self.values = values
    }
}

/// One record as it is stored, of a series that the order does not name.
package struct FoundRow: Sendable, Equatable {
    package let key: SeriesKey
    package let time: Int64
    package let values: [Value]

    package init(key: SeriesKey, time: Int64, values: [Value]) {
        self.key = key
        self.time = time
        self.values = values
    }
}

package enum Value: Sendable, Equatable {
    case null
    /// The answer does not carry this field: what is known of it stays (`RowSchema.carry`). No row of the store has it.
    case kept
    case decimal(Decimal)
    case integer(Int64)
    case text(String)
}

package struct QuarantinedRecord: Sendable, Equatable {
    /// One word or a few, the same for the same rule: `high below low`.
    package let reason: String
    /// As it came; what is longer than `bytesMax` is cut, and ends in an ellipsis.
    package let record: String
    /// Index into the order's series, and the instant it speaks of, where they can be told.
    package let series: Int?
    package let time: Int64?
    /// Where in what was read it stands: `line 17`, `results[3]`; nil where that says nothing.
    package let place: String?
    /// The series, where the order does not name it and the call lists what there is.
    package let found: SeriesKey?

    package static let bytesMax = 2000
    private static let mark = "\u{2026}"

    package init(
        reason: String, record: String, series: Int? = nil, time: Int64? = nil, place: String? = nil, found: SeriesKey? = nil
    ) {
        self.found = found
        self.reason = reason
        self.record = Self.cut(record)
        self.series = series
        self.time = time
        self.place = place
    }

    /// Whether a record, as it is kept, is not all that came.
    package static func isCut(_ record: String) -> Bool { record.utf8.count > bytesMax - 8 && record.hasSuffix(mark) }

    private static func cut(_ text: String) -> String {
        if text.utf8.count <= bytesMax { return text }
        var end = text.utf8.index(text.utf8.startIndex, offsetBy: bytesMax - mark.utf8.count)
        while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return text[..<end] + mark
    }
}

/// An answer that is not what it should be.
package struct AnswerDefect: Error, Sendable, Equatable {
    package let kind: FailureClass
    /// For people: what was expected and what came, without the body's content.
    package let reason: String

    package init(_ kind: FailureClass, _ reason: String) {
        self.kind = kind
        self.reason = reason
    }
}
