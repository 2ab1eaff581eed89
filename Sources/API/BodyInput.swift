internal import Bytes
internal import HTTP

/// A request's body as a JSON object. Any Content-Type will do, or none: people type curl commands. What other origins
/// must say is the gate's to check.
enum BodyInput {
    static func object(_ request: Request) throws(Failure) -> JSONValue {
        if request.body.isEmpty { throw Failure(.malformedBody, "A JSON object is expected as the body.") }
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: request.body)
        } catch {
            throw refused("The body is not JSON.", error.description)
        }
        guard value.object != nil else {
            throw refused("A JSON object is expected as the body.", "expected an object")
        }
        return value
    }

    private static func refused(_ text: String, _ detail: String) -> Failure {
        Failure(.malformedBody, text, errors: [Problem.Detail(.pointer(""), detail)])
    }
}
