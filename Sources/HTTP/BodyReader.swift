/// A body of announced length, or one in chunks.
struct BodyReader {
    private(set) var body: [UInt8] = []
    private let length: Int?
    private var decoder: ChunkDecoder

    init(_ head: Head, _ limits: Limits, _ limit: Int) {
        length = head.contentLength
        decoder = ChunkDecoder(limits: limits, limit: limit)
    }

    mutating func take(_ bytes: UnsafeBufferPointer<UInt8>) -> (taken: Int, outcome: ChunkDecoder.Outcome) {
        guard let length else { return decoder.decode(bytes, into: &body) }
        let count = min(length - body.count, bytes.count)
        body.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[..<count]))
        return (count, body.count == length ? .complete : .needMore)
    }
}
