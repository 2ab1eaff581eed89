/// The walk over one row of CSV, a field at a time. It stands at `index`; the field it read last is at `fieldStart..<fieldEnd`.
struct CSVRowScan {
    enum Outcome {
        case endOfField, endOfRow
        /// The piece at hand ends inside the row.
        case cut
    }

    private(set) var index: Int
    private(set) var line: Int
    private(set) var fieldStart = 0
    private(set) var fieldEnd = 0
    /// The field holds doubled quotes.
    private(set) var doubled = false
    /// The field was neither quoted nor had a byte.
    private(set) var isBlank = false
    private var lineStart: Int
    private let limit: Int

    init(start: Int, line: Int, limit: Int) {
        index = start
        lineStart = start
        self.line = line
        self.limit = limit
    }

    func error(_ reason: CSVError.Reason, at offset: Int) -> CSVError { CSVError(reason, line: line, column: offset - lineStart + 1) }

    mutating func field(_ text: Span<UInt8>, isLast: Bool) throws(CSVError) -> Outcome {
        doubled = false
        isBlank = false
        if index < text.count, text[index] == UInt8(ascii: "\"") { return try quoted(text, isLast: isLast) }
        return try plain(text, isLast: isLast)
    }

    private mutating func plain(_ text: Span<UInt8>, isLast: Bool) throws(CSVError) -> Outcome {
        let start = index
        var at = start
        var ascii = true
        while at < text.count {
            let byte = text[at]
            if byte >= 0x80 { ascii = false }
            if byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"") || byte == 0x0A || byte == 0x0D || byte == 0 { break }
            at += 1
        }
        guard at - start <= limit else { throw error(.fieldTooLong, at: start) }
        if at == text.count, !isLast { return .cut }
        if !ascii { try checkUTF8(text, start..<at) }
        if at < text.count, text[at] == UInt8(ascii: "\"") { throw error(.strayQuote, at: at) }
        fieldStart = start
        fieldEnd = at
        isBlank = start == at
        index = at
        return try endOfField(text, isLast: isLast, otherwise: .nul)
    }

    private mutating func quoted(_ text: Span<UInt8>, isLast: Bool) throws(CSVError) -> Outcome {
        let open = index
        let opened = (line: line, lineStart: lineStart)
        var at = open + 1
        var pieceStart = at
        while true {
            guard at - open <= limit + 1 else { throw CSVError(.fieldTooLong, line: opened.line, column: open - opened.lineStart + 1) }
            guard at < text.count else {
                if !isLast { return .cut }
                throw CSVError(.openQuote, line: opened.line, column: open - opened.lineStart + 1)
            }
            let byte = text[at]
            if byte == 0 { throw error(.nul, at: at) }
            if byte == 0x0A {
                // Checked line by line, so that a fault is reported on its own line.
                try checkUTF8(text, pieceStart..<at)
                pieceStart = at + 1
                line += 1
                lineStart = at + 1
            }
            if byte == UInt8(ascii: "\"") {
                if at + 1 == text.count, !isLast { return .cut }
                guard at + 1 < text.count, text[at + 1] == UInt8(ascii: "\"") else { break }
                doubled = true
                at += 1
            }
            at += 1
        }
        try checkUTF8(text, pieceStart..<at)
        fieldStart = open + 1
        fieldEnd = at
        index = at + 1
        return try endOfField(text, isLast: isLast, otherwise: .afterQuote)
    }

    /// Steps over the comma or the line's end at `index`.
    private mutating func endOfField(_ text: Span<UInt8>, isLast: Bool, otherwise: CSVError.Reason) throws(CSVError) -> Outcome {
        guard index < text.count else { return isLast ? .endOfRow : .cut }
        switch text[index] {
        case UInt8(ascii: ","):
            index += 1
            return .endOfField
        case 0x0A:
            endLine(after: 1)
            return .endOfRow
        case 0x0D:
            guard index + 1 < text.count else {
                if !isLast { return .cut }
                throw error(.loneReturn, at: index)
            }
            guard text[index + 1] == 0x0A else { throw error(.loneReturn, at: index) }
            endLine(after: 2)
            return .endOfRow
        default: throw error(text[index] == 0 ? .nul : otherwise, at: index)
        }
    }

    private mutating func endLine(after length: Int) {
        index += length
        line += 1
        lineStart = index
    }

    private func checkUTF8(_ text: Span<UInt8>, _ range: Range<Int>) throws(CSVError) {
        if let fault = UTF8Check.firstFault(text, in: range) { throw error(.invalidUTF8, at: fault) }
    }
}
