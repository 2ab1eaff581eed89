internal import Codec
internal import HTTP
internal import Ingest
internal import Store

/// Requests that say under which key they may be sent again (draft-ietf-httpapi-idempotency-key-header).
extension Service {
    /// Runs `effect`, unless the request's key was used before: then its answer is given again. `effect` is to keep its
    /// answer under the key that it is handed, in the transaction of what it does; what failed is not kept, so that the same
    /// request may be tried again.
    func once(_ request: Request, _ effect: (RequestKey?) async throws -> Response) async throws -> Response {
        guard let key = try Self.key(of: request) else { return try await effect(nil) }
        if let kept = try await planning.store.answer(to: key) { return Self.shown(kept) }
        do {
            return try await effect(key)
        } catch KeyRefusal.answered(let kept) {
            // Answered between the look and the deed.
            return Self.shown(kept)
        } catch let refusal as KeyRefusal {
            throw refusal
        } catch {
            // What the first request did may be why this one could not be done any more.
            if let kept = try? await planning.store.answer(to: key) { return Self.shown(kept) }
            throw error
        }
    }

    /// 1 to 255 visible characters, scoped to who asks and for what.
    private static func key(of request: Request) throws(Failure) -> RequestKey? {
        guard let text = request.header("Idempotency-Key") else { return nil }
        guard (1...255).contains(text.utf8.count), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Failure(.invalidInput, "Idempotency-Key: expected 1 to 255 visible characters, in one field.")
        }
        return RequestKey(
            client: request.client ?? "-", route: "\(request.method.name) \(request.route?.pattern ?? "")", key: text,
            bodyDigest: SHA256.hex(Self.subject(of: request) + request.body))
    }

    /// Where the path names what is to be changed, the same body for another one is another request.
    private static func subject(of request: Request) -> [UInt8] {
        request.route?.pattern.contains("{") == true ? Array("\(request.path)\n".utf8) : []
    }

    static func shown(_ kept: KeptAnswer) -> Response {
        var response = Response.json(kept.body, status: kept.status)
        response.fields.add("Cache-Control", "no-store")
        if let location = kept.location { response.fields.add("Location", location) }
        if let location = kept.contentLocation { response.fields.add("Content-Location", location) }
        return response
    }
}
