/// Validators (RFC 9110, section 8.8.3).
enum EntityTag {
    /// Whether `If-None-Match` names this tag, by weak comparison (section 13.1.2), or any.
    static func matches(_ field: String, _ tag: String) -> Bool {
        // Our tags hold no comma, so a piece between commas is a whole tag or none of ours.
        field.split(separator: ",").contains { piece in
            var text = piece.drop { $0 == " " || $0 == "\t" }
            while let last = text.last, last == " " || last == "\t" { text = text.dropLast() }
            if text == "*" { return true }
            return (text.hasPrefix("W/") ? text.dropFirst(2) : text) == tag
        }
    }
}
