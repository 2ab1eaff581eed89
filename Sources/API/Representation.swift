internal import HTTP

/// One form of an answer as it is sent, and what is said where the client has it already.
struct Representation {
    let etag: String
    let answer: Prebuilt
    let unchanged: Prebuilt

    /// `fields`: of both, beside the tag; `description`: of the answer alone, since a 304 describes no body.
    init(_ etag: String, _ body: [UInt8], fields: HeaderLines, description: HeaderLines, coding: String? = nil) {
        self.etag = etag
        var lines = HeaderLines()
        lines.add("ETag", etag)
        lines.append(fields)
        unchanged = Prebuilt(status: 304, fields: lines, body: [])
        if let coding { lines.add("Content-Encoding", coding) }
        lines.append(description)
        answer = Prebuilt(fields: lines, body: body)
    }

    /// The same packed; nil where that is no smaller.
    static func packed(_ etag: String, _ body: [UInt8], fields: HeaderLines, description: HeaderLines) -> Representation? {
        ContentCoding.packed(body).map {
            Representation(ContentCoding.tag(etag), $0, fields: fields, description: description, coding: "gzip")
        }
    }

    func response(for request: Request, fields: HeaderLines = HeaderLines()) -> Response {
        let isKnown = request.header("If-None-Match").map { EntityTag.matches($0, etag) } ?? false
        return .prebuilt(isKnown ? unchanged : answer, fields: fields)
    }
}
