/// What the imitated gateway says, without the wire.
struct Answer: Sendable {
    var status: Int
    var type = "application/json;charset=UTF-8"
    var fields: [(name: String, value: String)] = []
    var body: [UInt8]
    /// Rows in it, for the log of calls.
    var rows = 0
    /// The connection must break off inside the body.
    var isCut = false

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
