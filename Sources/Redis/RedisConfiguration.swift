package import EventLoop

/// Where Redis is and what is waited for it. Holds the password and never shows it.
package struct RedisConfiguration: Sendable, CustomStringConvertible, CustomReflectable {
    /// A URL that is not `redis://[[user]:password@]host[:port][/db]` or `unix:///path[?db=n]`; its text is not repeated.
    package struct Unreadable: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    private let fixed: Address
    /// Where the URL names a host: its address may change while the program runs.
    let hostName: HostName?
    package let database: Int
    private let user: String
    private let password: String

    package var connectTimeout = Duration.milliseconds(50)
    package var commandTimeout = Duration.milliseconds(50)
    /// The longest reply that is taken, in bytes.
    package var replyLimit = 16 << 20
    /// After a failure one command tries again each such while; the others fail at once.
    package var probeInterval = Duration.seconds(1)

    /// Looks a host's name up, which blocks: for start-up only.
    package init(_ url: String) throws(Unreadable) {
        if let rest = url.suffix(after: "unix://") {
            let parts = rest.split(separator: "?", maxSplits: 1)
            let query = parts.count > 1 ? parts[1] : "db=0"
            guard let path = parts.first, path.first == "/", let db = query.suffix(after: "db=").flatMap({ UInt16($0) }) else {
                throw Self.bad
            }
            self.init(.unix(path: String(path)), database: Int(db))
            return
        }
        guard let rest = url.suffix(after: "redis://") else { throw Self.bad }
        let at = rest.lastIndex(of: "@")
        var hostPart = at.map { rest[rest.index(after: $0)...] } ?? rest
        var credentials: (user: String, password: String) = ("", "")
        if let at {
            let pair = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, let user = percentDecoded(pair[0]), let password = percentDecoded(pair[1]) else { throw Self.bad }
            credentials = (user, password)
        }
        var db = 0
        if let slash = hostPart.firstIndex(of: "/") {
            let text = hostPart[hostPart.index(after: slash)...]
            guard text.isEmpty || UInt16(text) != nil else { throw Self.bad }
            db = Int(text) ?? 0
            hostPart = hostPart[..<slash]
        }
        var port: UInt16 = 6379
        if let colon = hostPart.lastIndex(of: ":"), hostPart.last != "]" {
            guard let given = UInt16(hostPart[hostPart.index(after: colon)...]) else { throw Self.bad }
            port = given
            hostPart = hostPart[..<colon]
        }
        let name = hostPart.filter { $0 != "[" && $0 != "]" }
        guard !name.isEmpty, let host = HostName(String(name)) else {
            throw Unreadable(description: "the cache's host has no address")
        }
        let address = Address.tcp(host: host.address, port: port)
        self.init(address, host: host, database: db, user: credentials.user, password: credentials.password)
    }

    package init(_ address: Address, database: Int = 0, user: String = "", password: String = "") {
        self.init(address, host: nil, database: database, user: user, password: password)
    }

    private init(_ address: Address, host: HostName?, database: Int, user: String, password: String) {
        fixed = address
        hostName = host
        self.database = database
        self.user = user
        self.password = password
    }

    package var address: Address {
        guard let hostName, case .tcp(_, let port) = fixed else { return fixed }
        return .tcp(host: hostName.address, port: port)
    }

    private static let bad = Unreadable(description: "not a Redis URL (redis://:password@host:port/db or unix:///path?db=0)")

    package var description: String { "\(address)/\(database)" }
    package var customMirror: Mirror { Mirror(self, children: ["description": description]) }

    /// What a new connection says first.
    var greeting: [[[UInt8]]] {
        var commands: [[[UInt8]]] = []
        if !password.isEmpty {
            let words = user.isEmpty ? ["AUTH", password] : ["AUTH", user, password]
            commands.append(words.map { Array($0.utf8) })
        }
        if database != 0 { commands.append(["SELECT", "\(database)"].map { Array($0.utf8) }) }
        return commands
    }
}

extension StringProtocol {
    fileprivate func suffix(after prefix: String) -> SubSequence? {
        hasPrefix(prefix) ? self[index(startIndex, offsetBy: prefix.count)...] : nil
    }
}

/// RFC 3986, section 2.1; nil for a broken escape.
private func percentDecoded(_ text: some StringProtocol) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        if byte != UInt8(ascii: "%") {
            bytes.append(byte)
            continue
        }
        guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else { return nil }
        rest.removeFirst(2)
        bytes.append(value)
    }
    return String(decoding: bytes, as: UTF8.self)
}
