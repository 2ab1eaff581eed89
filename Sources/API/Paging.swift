internal import Bytes
internal import Codec
internal import HTTP

/// Pages of the API's own lists: a cursor says where the last page ended, in a form that nobody is tempted to read.
enum Paging {
    static let limits = 1...1000
    static let otherwise = 100

    static func cursor(_ list: String, after place: String) -> String { Base64URL.encode(Array("\(list):\(place)".utf8)) }

    /// The place behind a cursor of this list; throws where it is none.
    static func place(_ cursor: String?, in list: String) throws(Failure) -> String? {
        guard let cursor else { return nil }
        if let bytes = Base64URL.decode(cursor) {
            let text = String(decoding: bytes, as: UTF8.self)
            if text.hasPrefix(list + ":") { return String(text.dropFirst(list.count + 1)) }
        }
        throw badCursor
    }

    static func ordinal(_ cursor: String?, in list: String) throws(Failure) -> Int {
        guard let place = try place(cursor, in: list) else { return 0 }
        guard let ordinal = Int(place), ordinal >= 0 else { throw badCursor }
        return ordinal
    }

    static let badCursor = Failure(
        .invalidInput, "cursor: is not one that this list gave out",
        errors: [Problem.Detail(.parameter("cursor"), "is not one that this list gave out for this query: begin without one")])

    /// A page of a list whose items are written already.
    static func response(_ request: Request, next: String?, items: (inout JSONWriter) -> Void) -> Response {
        var json = JSONWriter(capacity: 4096)
        json.beginObject()
        json.key("data")
        json.beginArray()
        items(&json)
        json.endArray()
        json.member("next_cursor", next)
        json.endObject()
        var response = Service.uncached(json)
        if let next { response.fields.add("Link", link(request, to: next)) }
        return response
    }

    /// The same target with another cursor (RFC 8288).
    static func link(_ request: Request, to cursor: String) -> String {
        let target = request.target
        var path = target[...]
        var pairs: [Substring] = []
        if let mark = target.firstIndex(of: "?") {
            path = target[..<mark]
            pairs = target[target.index(after: mark)...].split(separator: "&").filter { !$0.hasPrefix("cursor=") && $0 != "cursor" }
        }
        let query = (pairs.map(String.init) + ["cursor=\(cursor)"]).joined(separator: "&")
        return "<\(escaped("\(path)?\(query)"))>; rel=\"next\""
    }

    /// What may stand in a target as it was sent, but would end the link.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": result += "%3C"
            case ">": result += "%3E"
            case "\"": result += "%22"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
