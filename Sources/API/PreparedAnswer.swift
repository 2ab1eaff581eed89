internal import Answers
internal import HTTP

/// An answer of the reading half with its unchanging bytes written.
final class PreparedAnswer {
    /// Of the body as it is.
    let plain: Representation
    /// The same packed, made when it is first asked for; nil where that is no smaller.
    private lazy var gzip = Representation.packed(plain.etag, body, fields: Self.common, description: description)
    private let body: [UInt8]
    private let description: HeaderLines
    /// Until when it may be given again without asking for it.
    var term: Term?
    /// What a hit says of its age; the same for a second.
    private var dated: (age: AnswerAge, fields: HeaderLines)?

    init(_ answer: Answer, link: String?) {
        term = answer.term
        body = answer.body
        var fields = HeaderLines()
        fields.add("Content-Type", answer.contentType)
        for (name, value) in answer.headers { fields.add(name, value) }
        if let link { fields.add("Link", link) }
        description = fields
        plain = Representation(answer.etag, answer.body, fields: Self.common, description: fields)
    }

    /// Bytes of the body and of what was made of it.
    var cost: Int { body.count * 2 }

    /// The form that this request takes.
    func representation(for request: Request) -> Representation {
        if body.count >= ContentCoding.least, ContentCoding.takesGzip(request), let gzip { return gzip }
        return plain
    }

    private static let common = HeaderLines(["Vary": "Accept, \(ContentCoding.vary)"])

    /// The fields that change from one sending to the next, of a hit of this age.
    func fields(at age: AnswerAge) -> HeaderLines {
        if let dated, dated.age == age { return dated.fields }
        let fields = Self.fields(age, age.hit)
        dated = (age, fields)
        return fields
    }

    static func fields(_ age: AnswerAge, _ cacheStatus: String) -> HeaderLines {
        var fields = HeaderLines()
        fields.add("Cache-Control", "max-age=\(age.left)")
        fields.add("Age", age.seconds)
        fields.add("Cache-Status", "gapless; \(cacheStatus)")
        return fields
    }

    /// The tag is made of the body and of all that the head says of it.
    func isOf(_ answer: Answer) -> Bool { plain.etag == answer.etag }
}
