internal import Bytes

/// An error answer as RFC 9457 has it. Says nothing of stacks, paths or SQL.
package struct Problem: Error, Sendable, Equatable {
    /// One wrong piece of the input: a JSON pointer into the body (RFC 6901) or the name of a query parameter.
    package struct Detail: Sendable, Equatable {
        package enum Place: Sendable, Equatable {
            case pointer(String)
            case parameter(String)
        }

        package let place: Place
        package let detail: String

        package init(_ place: Place, _ detail: String) {
            self.place = place
            self.detail = detail
        }
    }

    /// What the type's reference ends in, stable: `/problems/{slug}`.
    package var slug: String
    package var title: String
    package var status: Int
    package var detail: String?
    /// Which occurrence: the request's path or id.
    package var instance: String?
    package var errors: [Detail] = []
    /// Further fields of the answer: Allow, Retry-After, WWW-Authenticate.
    package var fields: [(name: String, value: String)] = []

    package init(
        _ slug: String, title: String, status: Int, detail: String? = nil, instance: String? = nil, errors: [Detail] = []
    ) {
        self.slug = slug
        self.title = title
        self.status = status
        self.detail = detail
        self.instance = instance
        self.errors = errors
    }

    /// For what the status says all about: the slug is its phrase in lower case with hyphens.
    package init(status: Int, detail: String? = nil) {
        let phrase = Status.phrase(status).description
        self.init(phrase.lowercased().split(separator: " ").joined(separator: "-"), title: phrase, status: status, detail: detail)
    }

    package func with(_ name: String, _ value: String) -> Problem {
        var copy = self
        copy.fields.append((name, value))
        return copy
    }

    package static func == (a: Problem, b: Problem) -> Bool {
        a.encoded() == b.encoded() && a.fields.map(\.name) == b.fields.map(\.name) && a.fields.map(\.value) == b.fields.map(\.value)
    }

    package func response() -> Response {
        var response = Response(status: status, type: "application/problem+json", encoded())
        for field in fields { response.fields.add(field.name, field.value) }
        return response
    }

    /// The JSON object.
    package func encoded() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("type", "/problems/" + slug)
        json.member("title", title)
        json.key("status")
        json.int(status)
        if let detail { json.member("detail", detail) }
        if let instance { json.member("instance", instance) }
        if !errors.isEmpty {
            json.key("errors")
            json.beginArray()
            for error in errors {
                json.beginObject()
                switch error.place {
                case .pointer(let pointer): json.member("pointer", pointer)
                case .parameter(let name): json.member("parameter", name)
                }
                json.member("detail", error.detail)
                json.endObject()
            }
            json.endArray()
        }
        json.endObject()
        return json.bytes
    }
}
