/// What comes with 200 and is no answer, made of one that is.
enum GarbageBody {
    static let sip: StaticString = #"{"data":{"message":"sin datos"},"totalPages":"n/a","page":null,"limit":[]}"#
    /// `shape`: a document of the right syntax and no sense.
    static func spoil(_ answer: inout Answer, _ kind: Sandbox.Faults.Garbage, shape: StaticString = sip) {
        answer.rows = 0
        let middle = answer.body.count / 2
        switch kind {
        case .html:
            answer.body = Answer.page(200, "Mantenimiento").body
            answer.type = "text/html"
        case .bom: answer.body.insert(contentsOf: [0xEF, 0xBB, 0xBF], at: 0)
        case .nul: answer.body.insert(contentsOf: [0, 0], at: middle)
        case .utf8: answer.body.insert(contentsOf: [0xC3, 0x28, 0xFF], at: middle)
        case .shape: answer.body = Array(shape.description.utf8)
        case .truncated: answer.body.removeLast(answer.body.count - middle)
        case .empty: answer.body = []
        }
    }
}
