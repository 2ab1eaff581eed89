internal import Bytes
internal import Store

/// Lines on standard error: text for people, JSON for machines. One object a line; control characters escaped by the JSON
/// writer, so that nothing a client sends can forge a line. A line that cannot be written at once is dropped, not waited
/// for: a full pipe must not stop a loop.
final class Log: Sendable {
    enum Level: String, CaseIterable, Comparable, Sendable {
        case debug, info, warning, error

        static func < (a: Level, b: Level) -> Bool { a.rank < b.rank }
        private var rank: Int { Self.allCases.firstIndex(of: self)! }
    }

    enum Format: String, CaseIterable, Sendable { case text, json }

    let level: Level
    let format: Format
    private let sink: LogSink

    init(level: Level, format: Format, sink: LogSink = .standardError) {
        self.level = level
        self.format = format
        self.sink = sink
    }

    /// Lines that could not be written.
    var droppedLines: Int { sink.droppedLines }

    /// `trace`: of the request that led to it, where one is known.
    func write(_ level: Level, _ event: String, trace: String? = nil, _ fields: KeyValuePairs<String, String> = [:]) {
        if level < self.level { return }
        let now = Int64(ServiceClock.realNow)
        var writer = JSONWriter()
        switch format {
        case .json:
            writer.beginObject()
            writer.key("time")
            writer.timestamp(now)
            writer.key("level")
            writer.string(level.rawValue)
            writer.key("event")
            writer.string(event)
            for (name, value) in fields {
                writer.key(name)
                writer.string(Self.bounded(value))
            }
            if let trace {
                writer.key("trace")
                writer.string(trace)
            }
            writer.endObject()
            emit(writer.bytes + [10])
        case .text:
            var line = "\(Timestamp.text(now)) \(level.rawValue) \(event)"
            for (name, value) in fields { line += " \(name)=\(Self.quoted(Self.bounded(value)))" }
            if let trace { line += " trace=\(Self.quoted(trace))" }
            emit(Array(line.utf8) + [10])
        }
    }

    /// Whole lines that are written already.
    func emit(_ lines: [UInt8]) { sink.write(lines) }

    private static func bounded(_ text: String) -> String {
        text.utf8.count <= 2000 ? text : String(decoding: text.utf8.prefix(2000), as: UTF8.self) + "..."
    }

    /// In quotes, as JSON, unless it is a plain word.
    private static func quoted(_ text: String) -> String {
        let isPlain = !text.isEmpty && text.utf8.allSatisfy {
            $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=")
        }
        if isPlain { return text }
        var writer = JSONWriter()
        writer.string(text)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
