/// What the imitated gateway says, without the wire.
struct Answer: Sendable {
    var status: Int
    var type = "application/json;charset=UTF-8"
    var fields: [(name: String, value: String)] = []
    var body: [UInt8]
    /// Rows in it, for the log of calls.
    var rows = 0
    /// Of these, such as cannot be used.
    var spoiled = 0
    /// The connection must break off inside the body.
    var isCut = false
    /// The connection must break off before the first byte.
    var isBroken = false
    /// Milliseconds that pass before it is sent.
    var pause = 0
    /// What came with 200 is to be no answer.
    var isGarbled = false
    /// What it took of the key's tokens; nil where there are none.
    var tokens: Int?
    /// The number of the key that asked; 0 without a good one.
    var key = 0

    /// The request is taken and nothing is ever said: status 0.
    static let never = Answer(status: 0, body: [])

    static let broken: Answer = {
        var answer = Answer(status: 200, body: [])
        answer.isBroken = true
        return answer
    }()

    static func plain(_ status: Int, _ text: String) -> Answer {
        Answer(status: status, type: "text/plain; charset=us-ascii", body: Array(text.utf8))
    }

    /// As proxies in front of such services say it.
    static func page(_ status: Int, _ title: String) -> Answer {
        let name = "\(status) \(title)"
        let text = "<html>\r\n<head><title>\(name)</title></head>\r\n<body>\r\n<h1>\(name)</h1>\r\n</body>\r\n</html>\r\n"
        return Answer(status: status, type: "text/html", body: Array(text.utf8))
    }
}
