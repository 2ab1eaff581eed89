internal import HTTP

/// The forms that a resource may be asked for in.
enum Form: String, CaseIterable {
    case json, csv, ndjson

    private var type: (String, String) {
        switch self {
        case .json: ("application", "json")
        case .csv: ("text", "csv")
        case .ndjson: ("application", "x-ndjson")
        }
    }

    /// What the client wants, of what is offered: by `format`, else by `Accept` (RFC 9110, section 12.5.1), the first of
    /// several that it likes equally. Throws a 406 where there is none.
    static func wanted(_ format: String?, _ request: Request, offered: [Form]) throws(Failure) -> Form {
        if let format {
            if let form = Form(rawValue: format), offered.contains(form) { return form }
            throw refused("format=\(format)", offered)
        }
        guard let accept = request.header("Accept"), accept != "*/*" else { return offered[0] }
        let ranges = accept.split(separator: ",").compactMap(MediaRange.init)
        // A field that lists nothing asks for nothing.
        if ranges.isEmpty { return offered[0] }
        var best: (form: Form, quality: Int)?
        for form in offered {
            let fitting = ranges.filter { $0.fits(form.type) }
            guard let quality = fitting.max(by: { $0.precision < $1.precision })?.quality, quality > best?.quality ?? 0 else { continue }
            best = (form, quality)
        }
        guard let best else { throw refused("Accept: \(accept)", offered) }
        return best.form
    }

    /// Server-sent events are no form that is asked for by `format`.
    static func takesEvents(_ request: Request) -> Bool {
        let ranges = (request.header("Accept") ?? "").split(separator: ",").compactMap(MediaRange.init)
        guard !ranges.isEmpty else { return true }
        let fitting = ranges.filter { $0.fits(("text", "event-stream")) }
        return (fitting.max { $0.precision < $1.precision }?.quality ?? 0) > 0
    }

    private static func refused(_ asked: String, _ offered: [Form]) -> Failure {
        let names = offered.map { "\($0.type.0)/\($0.type.1) (format=\($0.rawValue))" }.joined(separator: ", ")
        return Failure(.notAcceptable, "\(asked.prefix(200)) cannot be served: this resource comes as \(names).")
    }
}

/// One element of `Accept`.
private struct MediaRange {
    let type: Substring
    let subtype: Substring
    /// Thousandths, 0 to 1000.
    let quality: Int

    /// nil for what is no media range: it fits nothing.
    init?(_ text: Substring) {
        let pieces = text.split(separator: ";").map(Self.trimmed)
        guard let names = pieces.first?.split(separator: "/"), names.count == 2 else { return nil }
        type = names[0]
        subtype = names[1]
        let weight = pieces.dropFirst().first { $0.lowercased().hasPrefix("q=") }
        quality = weight.map { Self.thousandths($0.dropFirst(2)) } ?? 1000
    }

    var precision: Int { type == "*" ? 0 : subtype == "*" ? 1 : 2 }

    func fits(_ other: (String, String)) -> Bool {
        if type == "*" { return true }
        if type.lowercased() != other.0 { return false }
        return subtype == "*" || subtype.lowercased() == other.1
    }

    /// `0`, `0.5`, `1.000` (RFC 9110, section 12.4.2); what is no weight weighs nothing.
    private static func thousandths(_ text: Substring) -> Int {
        guard let value = Double(text), value >= 0, value <= 1 else { return 0 }
        return Int((value * 1000).rounded())
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text = text.dropLast() }
        return text
    }
}
