internal import HTTP

/// Every kind of problem that the service answers with, by its slug. docs/problems.md is the same list for people; a test
/// holds the two equal.
package enum ProblemType: String, Sendable, CaseIterable {
    case invalidInput = "invalid-input"
    case malformedBody = "malformed-body"
    case unknownName = "unknown-name"
    case unknownSlot = "unknown-slot"
    case planUnknown = "plan-unknown"
    case ingestionUnknown = "ingestion-unknown"
    case alertUnknown = "alert-unknown"
    case exclusionUnknown = "exclusion-unknown"
    case callUnknown = "call-unknown"
    case refusalUnknown = "refusal-unknown"
    case planMoved = "plan-moved"
    case planExpired = "plan-expired"
    case illegalMove = "illegal-move"
    case notReleasable = "not-releasable"
    case keyUnderWay = "key-under-way"
    case keyReused = "key-reused"
    case notAcceptable = "not-acceptable"
    case unsupportedMediaType = "unsupported-media-type"
    case tokenMissing = "token-missing"
    case scopeMissing = "scope-missing"
    case tooManyRequests = "too-many-requests"
    case originRefused = "origin-refused"
    case misdirectedRequest = "misdirected-request"
    case storeUnavailable = "store-unavailable"
    case internalError = "internal-server-error"
    // What the HTTP server itself answers with, before a route is asked.
    case badRequest = "bad-request"
    case notFound = "not-found"
    case methodNotAllowed = "method-not-allowed"
    case requestTimeout = "request-timeout"
    case contentTooLarge = "content-too-large"
    case uriTooLong = "uri-too-long"
    case expectationFailed = "expectation-failed"
    case headTooLarge = "request-header-fields-too-large"
    case notImplemented = "not-implemented"
    case serviceUnavailable = "service-unavailable"
    case versionNotSupported = "http-version-not-supported"

    package var status: Int { entry.status }
    package var title: String { entry.title }
    /// What it means and what to do, in a sentence.
    package var meaning: String { entry.meaning }

    /// This problem, as it occurred.
    func problem(_ detail: String, errors: [Problem.Detail] = []) -> Problem {
        Problem(rawValue, title: title, status: status, detail: detail, errors: errors)
    }

    private var entry: (status: Int, title: String, meaning: String) {
        switch self {
        case .invalidInput:
            (400, "Invalid input", "A parameter or a field of the body is unknown or cannot be taken; `errors` names each piece.")
        case .malformedBody: (400, "Malformed body", "The body is not the JSON object that this resource takes.")
        case .unknownName: (404, "Unknown dataset or series", "The name is well formed, but no dataset or followed series bears it.")
        case .unknownSlot: (404, "Unknown slot", "The dataset's calendar has no slot there, or the series has no values then.")
        case .planUnknown: (404, "Unknown plan", "There is no plan of this id; plans are kept for a day after they expire.")
        case .ingestionUnknown: (404, "Unknown ingestion", "There is no ingestion of this id.")
        case .alertUnknown: (404, "Unknown alert", "There is no alert of this id.")
        case .exclusionUnknown: (404, "Unknown exclusion", "The dataset has no exclusion of this id.")
        case .callUnknown: (404, "Unknown call", "There is no call of this number, or it is kept no more.")
        case .refusalUnknown: (404, "Unknown refused record", "The dataset has no refused record of this id, or it is kept no more.")
        case .planMoved:
            (409, "Coverage moved", "The plan is no longer what would be done; `difference` has its figures then and now. Make a new plan.")
        case .planExpired: (410, "Plan expired", "Plans live a quarter of an hour. Make a new one.")
        case .illegalMove:
            (409, "Illegal move", "The ingestion cannot be paused, resumed or cancelled as it is: `ingestion_status` says how that is.")
        case .notReleasable:
            (409, "Not releasable", "The refused record cannot be stored: it is settled, or no row can be made of it; the detail says why.")
        case .keyUnderWay:
            (409, "Key under way", "The key's first request is not answered yet. Try again after `Retry-After` seconds.")
        case .keyReused: (422, "Key reused", "This `Idempotency-Key` came with another body within the last 24 hours. Take a new one.")
        case .notAcceptable:
            (406, "Not acceptable", "The resource has no form that `Accept` or `format` asks for; the detail lists its forms.")
        case .unsupportedMediaType:
            (415, "Unsupported media type", "A request from another origin must say `Content-Type: application/json`.")
        case .tokenMissing:
            (401, "Token missing", "The request has no token that is known here and has not expired (`Authorization: Bearer`).")
        case .scopeMissing: (403, "Scope missing", "The token is good, but of a lesser scope than this takes; the detail names it.")
        case .tooManyRequests:
            (429, "Too many requests", "The client asks faster than `GAPLESS_CLIENT_RATE` lets it. Try again after `Retry-After` seconds.")
        case .originRefused:
            (403, "Origin refused", "Requests that change something are taken from configured origins only (`GAPLESS_CORS_ORIGINS`).")
        case .misdirectedRequest: (421, "Misdirected request", "`Host` is neither loopback nor configured (`GAPLESS_ALLOWED_HOSTS`).")
        case .storeUnavailable: (503, "Store unavailable", "Postgres does not answer now. Try again after `Retry-After` seconds.")
        case .internalError: (500, "Internal Server Error", "Something unforeseen; the log has it under the request's id.")
        case .badRequest: (400, "Bad Request", "The message is not HTTP/1.1 as RFC 9110 and RFC 9112 have it.")
        case .notFound: (404, "Not Found", "There is no such resource.")
        case .methodNotAllowed: (405, "Method Not Allowed", "The resource has no such method; `Allow` lists those it has.")
        case .requestTimeout: (408, "Request Timeout", "The request took too long to come.")
        case .contentTooLarge: (413, "Content Too Large", "The body is longer than the resource takes.")
        case .uriTooLong: (414, "URI Too Long", "The request line is longer than 8 kB.")
        case .expectationFailed: (417, "Expectation Failed", "`Expect` holds something other than `100-continue`.")
        case .headTooLarge: (431, "Request Header Fields Too Large", "The head is longer than 32 kB, or has more than 100 fields.")
        case .notImplemented: (501, "Not Implemented", "The method or the transfer coding is unknown.")
        case .serviceUnavailable:
            (503, "Service Unavailable", "The server holds as many bodies as it may. Try again after `Retry-After` seconds.")
        case .versionNotSupported: (505, "HTTP Version Not Supported", "The server speaks HTTP/1.0 and HTTP/1.1.")
        }
    }
}
