internal import Bytes
internal import HTTP

/// Resources that speak of the process rather than of data.
extension Service {
    func index(_ request: Request) async -> Response {
        await answering(request) { request in
            try self.takeNothing(request)
            var json = JSONWriter()
            json.beginObject()
            json.member("service", "gapless")
            json.member("contract", "/openapi.yaml")
            json.member("datasets", "/v1/datasets")
            json.member("health", "/healthz")
            json.member("readiness", "/readyz")
            json.member("metrics", "/metrics")
            json.endObject()
            return Service.uncached(json)
        }
    }

    func health(_ request: Request) async -> Response { Service.alive }

    static var alive: Response {
        var response = Response.json(Array(#"{"status":"ok"}"#.utf8))
        response.fields.add("Cache-Control", "no-store")
        return response
    }

    func ready(_ request: Request) async -> Response { Service.response(to: await readiness()) }

    static func response(to readiness: Readiness) -> Response {
        var json = JSONWriter()
        json.beginObject()
        json.member("status", readiness.status)
        json.key("dependencies")
        json.beginArray()
        for dependency in readiness.dependencies {
            json.beginObject()
            json.member("name", dependency.name)
            json.member("status", dependency.status)
            json.member("detail", dependency.detail)
            json.endObject()
        }
        json.endArray()
        json.endObject()
        var response = Response.json(json.bytes, status: readiness.isReady ? 200 : 503)
        response.fields.add("Cache-Control", "no-store")
        if !readiness.isReady { response.fields.add("Retry-After", 1) }
        return response
    }

    func metrics(_ request: Request) async -> Response { Service.metrics(await metricsText()) }

    /// Prometheus text.
    static func metrics(_ text: [UInt8]) -> Response {
        var response = Response(type: "text/plain; version=0.0.4; charset=utf-8", text)
        response.fields.add("Cache-Control", "no-store")
        return response
    }

    func openAPI(_ request: Request) async -> Response {
        contract.response(for: request)
    }

    /// What a problem's `type` leads to.
    func problemType(_ request: Request) async -> Response {
        await answering(request) { request in
            try self.takeNothing(request)
            guard let type = ProblemType(rawValue: request.parameter("slug") ?? "") else {
                throw Failure(.notFound, "There is no problem of this name.")
            }
            var json = JSONWriter()
            json.beginObject()
            json.member("type", "/problems/" + type.rawValue)
            json.member("title", type.title)
            json.member("status", type.status)
            json.member("meaning", type.meaning)
            json.endObject()
            return Service.uncached(json)
        }
    }

    /// For resources that have no parameters and come as JSON only.
    func takeNothing(_ request: Request) throws(Failure) {
        try QueryInput(request, known: []).end()
        _ = try Form.wanted(nil, request, offered: [.json])
    }

    static func uncached(_ json: JSONWriter, status: Int = 200) -> Response {
        var response = Response.json(json.bytes, status: status)
        response.fields.add("Cache-Control", "no-store")
        return response
    }
}
