@testable import HTTP

/// What a connection makes of bytes: its requests, and how they end. Written as text, so that a table of cases can be read:
/// `GET /a | POST /b=body ! | 400 | ...`. A request is method, target and, behind `=`, its body; `!` ends the connection as the client
/// asked; a number refuses; `...` waits for more.
enum RawFeed {
    /// Feeds `bytes` in the pieces that `cuts` make, through the parsers that a session uses, in its order.
    static func outcome(of bytes: [UInt8], cuts: [Int] = [], limits: Limits = .standard) -> String {
        var feed = Feed(limits: limits)
        var start = 0
        for end in cuts + [bytes.count] {
            feed.take(bytes[start..<end])
            start = end
        }
        return feed.text
    }

    private struct Feed {
        private let limits: Limits
        private var parser: HeadParser
        private var buffer: [UInt8] = []
        private var taken = 0
        private var reading: (request: Request, body: BodyReader)?
        private var said: [String] = []
        private var isOver = false
        private let facts = ConnectionFacts(peer: "here", seed: 1)

        init(limits: Limits) {
            self.limits = limits
            parser = HeadParser(limits: limits)
        }

        var text: String {
            let waits = !isOver && (reading != nil || taken < buffer.count)
            return (waits ? said + ["..."] : said).joined(separator: " | ")
        }

        mutating func take(_ piece: ArraySlice<UInt8>) {
            if isOver { return }
            buffer += piece
            while !isOver, step() {}
        }

        private mutating func step() -> Bool {
            if reading != nil { return readBody() }
            if taken == buffer.count { return false }
            let start = taken
            switch buffer.withUnsafeBufferPointer({ parser.parse(UnsafeBufferPointer(rebasing: $0[start...])) }) {
            case .needMore: return false
            case .bad(let refusal): refuse(refusal)
            case .complete(let count):
                taken += count
                do throws(Refusal) {
                    let request = try Request(parser.takeHead(), buffer: buffer, start: start, serial: 1, connection: facts)
                    if let length = request.head.contentLength, length > limits.body { throw Refusal(413, "") }
                    if request.head.hasBody {
                        reading = (request, BodyReader(request.head, limits, limits.body))
                    } else {
                        finish(request, [])
                    }
                } catch {
                    refuse(error)
                }
            }
            return true
        }

        private mutating func readBody() -> Bool {
            let start = taken
            guard let outcome = buffer.withUnsafeBufferPointer({ reading?.body.take(UnsafeBufferPointer(rebasing: $0[start...])) }),
                let (request, body) = reading
            else { return false }
            taken += outcome.taken
            switch outcome.outcome {
            case .needMore: return false
            case .bad(let refusal): refuse(refusal)
            case .complete:
                reading = nil
                finish(request, body.body)
            }
            return true
        }

        private mutating func finish(_ request: Request, _ body: [UInt8]) {
            let keeps = request.head.keepsAlive
            said.append(request.methodName + " " + request.target + (body.isEmpty ? "" : "=" + String(decoding: body, as: UTF8.self))
                + (keeps ? "" : " !"))
            isOver = !keeps
        }

        private mutating func refuse(_ refusal: Refusal) {
            said.append("\(refusal.status)")
            isOver = true
        }
    }
}
