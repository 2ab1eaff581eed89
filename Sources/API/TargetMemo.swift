internal import Answers
internal import Glibc
internal import HTTP

/// What a request's bytes came to the last time: pollers send the same target again and again, and neither its parsing nor
/// the head of an answer that has not changed need be done twice. Bounded; dropped whole when full, since making an entry
/// again is cheap.
final class TargetMemo {
    /// All that the parsing of a reading request looks at.
    struct Key: Hashable {
        /// As the request has them while it is looked for, a copy where it is kept.
        fileprivate var target: ArraySlice<UInt8>
        fileprivate let accept: String

        init(_ request: Request) {
            target = request.targetBytes
            let accept = request.header("Accept") ?? ""
            self.accept = accept == "*/*" ? "" : accept
        }

        func hash(into hasher: inout Hasher) {
            // All bytes at once: array slices hash them one by one.
            target.withUnsafeBytes { hasher.combine(bytes: $0) }
            if !accept.isEmpty { hasher.combine(accept) }
        }

        /// By memcmp(3), for the same reason.
        static func == (a: Key, b: Key) -> Bool {
            let count = a.target.count
            if count != b.target.count || a.accept != b.accept { return false }
            return a.target.withUnsafeBytes { first in
                b.target.withUnsafeBytes { second in
                    guard let first = first.baseAddress, let second = second.baseAddress else { return count == 0 }
                    return memcmp(first, second, count) == 0
                }
            }
        }
    }

    /// One target in one form, and the last answer to it.
    final class Entry {
        let query: ReadQuery
        let dataset: String
        fileprivate(set) var prepared: PreparedAnswer?
        /// The memo has it, and counts what is prepared for it.
        fileprivate var isKept = false

        fileprivate init(_ query: ReadQuery) {
            self.query = query
            dataset = query.dataset
        }
    }

    static let entriesMax = 1024
    /// Bodies of prepared answers that may be held here. One that the reader holds as well is the same array: it is counted
    /// twice and lies in memory once.
    let bytesMax: Int
    private static let keyMax = 2048

    private var entries: [Key: Entry] = [:]
    private(set) var bytes = 0

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    var count: Int { entries.count }

    func entry(_ key: Key) -> Entry? { entries[key] }

    func keep(_ query: ReadQuery, for key: Key) -> Entry {
        let entry = Entry(query)
        if key.target.count + key.accept.utf8.count > Self.keyMax { return entry }
        if entries.count >= Self.entriesMax { clear() }
        var kept = key
        kept.target = ArraySlice(Array(key.target))
        entries[kept]?.isKept = false
        entries[kept] = entry
        entry.isKept = true
        return entry
    }

    /// The answer as it is sent; made once for each entity tag.
    func prepared(_ entry: Entry, _ answer: Answer, make: () -> PreparedAnswer) -> PreparedAnswer {
        if let held = entry.prepared, held.isOf(answer) {
            held.term = answer.term
            return held
        }
        let made = make()
        if made.cost > bytesMax / 4 || !entry.isKept { return made }
        if bytes + made.cost > bytesMax {
            clear()
            return made
        }
        bytes += made.cost - (entry.prepared?.cost ?? 0)
        entry.prepared = made
        return made
    }

    private func clear() {
        for entry in entries.values {
            entry.prepared = nil
            entry.isKept = false
        }
        entries = [:]
        bytes = 0
    }
}
