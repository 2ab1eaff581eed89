/// A question to it, without the wire.
struct Question: Sendable {
    let path: String
    /// Decoded, in the order sent.
    let query: [(name: String, value: String)]
    /// The field `apiKey`, by which the metrics service knows who asks.
    var key: String?
    /// What the field `Authorization` bears, and whom the field `Host` names: for the stock data service.
    var bearer: String?
    var host: String?
    /// The field `Accept-Encoding` names gzip.
    var takesGzip = false
    /// Bytes of the target as it was sent; 0 where there was no wire.
    var length = 0

    init(path: String, query: [(name: String, value: String)]) {
        self.path = path
        self.query = query
    }

    /// The first of that name; an empty one counts as none.
    subscript(_ name: String) -> String? {
        query.first { $0.name == name }.flatMap { $0.value.isEmpty ? nil : $0.value }
    }

    /// For the log: without the key.
    var shown: String {
        query.filter { !["user_key", "apiKey", "key"].contains($0.name) }.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }
}
