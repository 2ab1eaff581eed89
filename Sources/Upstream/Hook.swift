/// An address that somebody gave us to send to. Path and query may hold what lets its owner's friends in, so only scheme and host are
/// ever shown.
package struct Hook: Sendable, CustomStringConvertible {
    private let base: Base
    private let url: Secret

    /// nil where the text is not `http[s]://host[:port][/path][?query]`: user information and a fragment are refused.
    package init?(_ text: String) {
        guard let split = text.firstRange(of: "://") else { return nil }
        let rest = text[split.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let base = Base("\(text[..<split.lowerBound])://\(authority)"), !text.contains("#") else { return nil }
        let tail = rest[authority.endIndex...]
        let link = "\(base)\(tail.hasPrefix("/") ? "" : "/")\(tail)"
        guard Fetch(following: link, within: base) != nil else { return nil }
        self.base = base
        url = Secret(link)
    }

    /// Scheme and host.
    package var description: String { "\(base.scheme)://\(base.authority)" }

    /// A request that sends a body there.
    package func post(_ body: [UInt8], type: String, headers: [(name: String, value: String)]) -> Fetch {
        guard var fetch = Fetch(following: url.text, within: base) else { preconditionFailure("the link was followed before") }
        fetch.method = .post(contentType: type, body: body)
        fetch.headers = headers
        return fetch
    }
}
