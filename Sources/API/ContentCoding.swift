internal import Codec
internal import HTTP

/// gzip where the client takes it (RFC 9110, section 12.5.3) and it is worth it. What is packed has an entity tag of its own:
/// a strong one names bytes.
enum ContentCoding {
    /// Smaller bodies fit one packet as they are.
    static let least = 1024
    static let vary = "Accept-Encoding"

    static func takesGzip(_ request: Request) -> Bool {
        guard let field = request.headerBytes("Accept-Encoding") else { return false }
        return takesGzip(field)
    }

    /// By name; else by `*`. A weight of zero refuses.
    static func takesGzip(_ field: some Collection<UInt8>) -> Bool {
        var any = false
        for element in field.split(separator: UInt8(ascii: ",")) {
            let pieces = element.split(separator: UInt8(ascii: ";")).map { $0.filter { $0 != 0x20 && $0 != 0x09 }.map { $0 | 0x20 } }
            guard let name = pieces.first else { continue }
            // `q=0`, `q=0.`, `q=0.000`; a zero with bit 5 set is still a zero, and so are the equals sign and the point.
            let isRefused = pieces.dropFirst().contains { piece in
                piece.starts(with: Array("q=".utf8)) && piece.dropFirst(2).allSatisfy { $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: ".") }
            }
            if name == Array("gzip".utf8) || name == Array("x-gzip".utf8) { return !isRefused }
            if name == [UInt8(ascii: "*")] { any = !isRefused }
        }
        return any
    }

    /// The tag of the packed form.
    static func tag(_ etag: String) -> String { etag.hasSuffix("\"") ? etag.dropLast() + "-gzip\"" : etag }

    /// nil where it is not worth it. A large body is packed quickly rather than well: others of the loop wait meanwhile.
    static func packed(_ body: [UInt8], level: Int = 6) -> [UInt8]? {
        if body.count < least { return nil }
        guard let packed = try? gzip(body, level: body.count > 64 * 1024 ? 1 : level), packed.count < body.count else { return nil }
        return packed
    }

    /// Packs an answer that was made for this request alone, where its type is one of text.
    static func encode(_ response: inout Response, for request: Request) {
        guard case .bytes(let body) = response.body, body.count >= least else { return }
        response.fields.add("Vary", vary)
        if takesGzip(request), let packed = packed(body, level: 1) {
            response.body = .bytes(packed)
            response.fields.add("Content-Encoding", "gzip")
        }
    }
}
