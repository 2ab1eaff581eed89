internal import CRedis

/// hiredis's parser, making Swift values as it goes: nothing of a reply lives in C memory. Bounded: an announced array
/// allocates nothing, and a reply that does not end within `limit` bytes is a violation.
final class ReplyReader {
    private let reader: UnsafeMutablePointer<redisReader>
    private let functions: UnsafeMutablePointer<redisReplyObjectFunctions>
    private let limit: Int
    /// Fed since the last reply ended.
    private var unfinished = 0

    /// nil where there is no memory.
    init?(limit: Int) {
        functions = .allocate(capacity: 1)
        functions.initialize(to: makers)
        guard let made = redisReaderCreateWithFunctions(functions) else {
            functions.deallocate()
            return nil
        }
        reader = made
        self.limit = limit
    }

    deinit {
        redisReaderFree(reader)
        functions.deallocate()
    }

    func feed(_ bytes: UnsafeRawBufferPointer) throws(RedisError) {
        unfinished += bytes.count
        let base = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
        if redisReaderFeed(reader, base, bytes.count) != REDIS_OK { throw violation() }
    }

    /// The next whole reply, nil where more bytes are needed.
    func next() throws(RedisError) -> Reply? {
        var object: UnsafeMutableRawPointer?
        if redisReaderGetReply(reader, &object) != REDIS_OK { throw violation() }
        guard let object else {
            try refuseHuge()
            return nil
        }
        // What is left in the buffer belongs to the replies after this one.
        unfinished = reader.pointee.len - reader.pointee.pos
        return Unmanaged<Node>.fromOpaque(object).takeRetainedValue().reply
    }

    /// A bulk string is announced with its length ("$123\r\n"): too long a one is not waited for. hiredis has taken the
    /// "$" and leaves the rest in its buffer until the whole string is there.
    private func refuseHuge() throws(RedisError) {
        let left = reader.pointee.len - reader.pointee.pos
        if left > 0, currentType == REDIS_REPLY_STRING, let digits = reader.pointee.buf.map({ $0 + reader.pointee.pos }) {
            var length = 0
            for i in 0..<min(left, 20) {
                let digit = Int(digits[i]) - 48
                guard (0...9).contains(digit) else { break }
                length = length * 10 + digit
                if length > limit { throw .protocolViolation("a value of more than \(limit) bytes") }
            }
        }
        if unfinished > limit + 64 * 1024 { throw .protocolViolation("a reply of more than \(limit) bytes") }
    }

    /// What the innermost unfinished part of the reply is.
    private var currentType: Int32 {
        let depth = Int(reader.pointee.ridx)
        guard (0..<9).contains(depth) else { return -1 }
        return withUnsafeBytes(of: &reader.pointee.rstack) { $0.bindMemory(to: redisReadTask.self)[depth].type }
    }

    private func violation() -> RedisError {
        let text = withUnsafeBytes(of: &reader.pointee.errstr) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return .protocolViolation(text)
    }
}

/// A reply in the making. The root is retained by the parser until it hands it out; elements hang on their array.
private final class Node {
    private let leaf: Reply?
    private var elements: [Node] = []

    init(_ leaf: Reply?) { self.leaf = leaf }

    var reply: Reply { leaf ?? .array(elements.map(\.reply)) }

    /// What hiredis keeps for it.
    static func place(_ leaf: Reply?, under task: UnsafePointer<redisReadTask>?) -> UnsafeMutableRawPointer {
        let node = Node(leaf)
        guard let parent = task?.pointee.parent?.pointee.obj else { return Unmanaged.passRetained(node).toOpaque() }
        Unmanaged<Node>.fromOpaque(parent).takeUnretainedValue().elements.append(node)
        return Unmanaged.passUnretained(node).toOpaque()
    }
}

private let makers = redisReplyObjectFunctions(
    createString: { (task, text, length) in
        let bytes = Array(UnsafeRawBufferPointer(start: text, count: length))
        let isError = task?.pointee.type == REDIS_REPLY_ERROR
        return Node.place(isError ? .error(String(decoding: bytes, as: UTF8.self)) : .string(bytes), under: task)
    },
    createArray: { (task, _) in Node.place(nil, under: task) },
    createInteger: { (task, value) in Node.place(.integer(value), under: task) },
    createNil: { task in Node.place(.null, under: task) },
    // Only ever the root of what was not finished.
    freeObject: { object in if let object { Unmanaged<Node>.fromOpaque(object).release() } }
)

/// A command in the server's form, appended to `out`.
func appendCommand(_ arguments: [[UInt8]], to out: inout [UInt8]) {
    var joined: [UInt8] = []
    for argument in arguments { joined += argument }
    joined.append(0)
    let lengths = arguments.map(\.count)
    joined.withUnsafeBytes { bytes in
        var offset = 0
        var pointers: [UnsafePointer<CChar>?] = lengths.map { length in
            defer { offset += length }
            return bytes.baseAddress!.assumingMemoryBound(to: CChar.self) + offset
        }
        var formatted: UnsafeMutablePointer<CChar>?
        let count = redisFormatCommandArgv(&formatted, Int32(arguments.count), &pointers, lengths)
        precondition(count >= 0, "no memory for a command")
        out += UnsafeRawBufferPointer(start: formatted, count: Int(count))
        redisFreeCommand(formatted)
    }
}
