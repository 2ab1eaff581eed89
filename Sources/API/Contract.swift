internal import Codec
internal import HTTP

/// openapi.yaml, as it was when the program was built, ready to be sent.
struct Contract {
    private let plain: Representation
    private let packed: Representation?

    init() {
        let body = PackageResources.openapi_yaml
        let etag = "\"" + SHA256.hex(body).prefix(32) + "\""
        let fields = HeaderLines(["Cache-Control": "no-cache", "Vary": ContentCoding.vary])
        let description = HeaderLines(["Content-Type": "application/yaml"])
        plain = Representation(etag, body, fields: fields, description: description)
        packed = .packed(etag, body, fields: fields, description: description)
    }

    func response(for request: Request) -> Response {
        (packed.flatMap { ContentCoding.takesGzip(request) ? $0 : nil } ?? plain).response(for: request)
    }
}
