import EventLoop
import Foundation
import Testing

/// A client that reads server-sent events as they come. HTTP/1.0, so that the body is what the socket gives.
final class EventReader {
    struct Event: Equatable {
        var id: Int64?
        var kind = ""
        var data = ""

        func object() throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: Data(data.utf8)) as? [String: Any])
        }
    }

    private let loop: Loop
    private let stream: Local<EventLoop.Stream>
    private var text = ""
    /// Status line and fields.
    private(set) var head = ""
    private var isEnded = false

    init(_ address: Address, _ ingestion: String, after last: Int64? = nil, on loop: Loop) throws {
        self.loop = loop
        let header = last.map { "Last-Event-ID: \($0)\r\n" } ?? ""
        let request = "GET /v1/ingestions/\(ingestion)/events HTTP/1.0\r\nHost: localhost\r\nAccept: text/event-stream\r\n\(header)\r\n"
        stream = try loop.runBlocking { loop in
            let stream = try await EventLoop.Stream.connect(to: address, on: loop, until: .after(.seconds(5)))
            try await stream.write(Array(request.utf8))
            return loop.keep(stream)
        }
        while true {
            if let end = text.range(of: "\r\n\r\n") {
                head = String(text[..<end.lowerBound])
                text.removeSubrange(..<end.upperBound)
                return
            }
            if try !fill() { return }
        }
    }

    /// The next one; nil where the answer has ended.
    func next() throws -> Event? {
        while true {
            while let end = text.range(of: "\n\n") {
                let block = text[..<end.lowerBound]
                text.removeSubrange(..<end.upperBound)
                var event = Event()
                for line in block.split(separator: "\n") {
                    if line.hasPrefix("id: ") { event.id = Int64(line.dropFirst(4)) }
                    if line.hasPrefix("event: ") { event.kind = String(line.dropFirst(7)) }
                    if line.hasPrefix("data: ") { event.data = String(line.dropFirst(6)) }
                }
                if !event.kind.isEmpty { return event }
            }
            if try !fill() { return nil }
        }
    }

    /// All that come until the answer ends.
    func rest() throws -> [Event] {
        var events: [Event] = []
        while let event = try next() { events.append(event) }
        return events
    }

    private func fill() throws -> Bool {
        if isEnded { return false }
        let stream = stream
        let bytes = try loop.runBlocking { loop in try await loop[stream].read(upTo: 65536, until: .after(.seconds(60))) }
        isEnded = bytes.isEmpty
        text += String(decoding: bytes, as: UTF8.self)
        return !isEnded
    }
}
