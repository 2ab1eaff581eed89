internal import Codec
internal import HTTP

/// openapi.yaml, as it was when the program was built, ready to be sent.
struct Contract {
    let etag: String
    let answer: Prebuilt
    let unchanged: Prebuilt

    init() {
        let body = PackageResources.openapi_yaml
        etag = "\"" + SHA256.hex(body).prefix(32) + "\""
        var fields = HeaderLines()
        fields.add("ETag", etag)
        fields.add("Cache-Control", "no-cache")
        unchanged = Prebuilt(status: 304, fields: fields, body: [])
        fields.add("Content-Type", "application/yaml")
        answer = Prebuilt(fields: fields, body: body)
    }
}
