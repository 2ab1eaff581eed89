internal import EventLoop

extension Session {
    func queue(_ request: Request, _ response: Response, _ body: [UInt8], _ closes: Bool) {
        let isBodiless = Status.isBodiless(response.status)
        output.append { out in
            HeadWriter.appendStart(response, to: &out)
            if !isBodiless { HeadWriter.appendLength(body.count, to: &out) }
            HeadWriter.appendEnd(request, date: server.date, closes: closes, to: &out)
        }
        if request.method != .head && !isBodiless { output.append(body: body) }
    }

    func queue(_ request: Request, _ answer: Prebuilt, _ fields: HeaderLines, _ closes: Bool) {
        output.append { out in
            out.append(contentsOf: answer.head)
            out.append(contentsOf: fields.bytes)
            HeadWriter.appendEnd(request, date: server.date, closes: closes, to: &out)
        }
        if request.method != .head && !Status.isBodiless(answer.status) { output.append(body: answer.body, of: answer) }
    }

    /// True where the body's end is the connection's end.
    func send(
        _ request: Request, _ response: Response, _ produce: (BodyWriter) async throws -> Void, _ closes: Bool
    ) async throws -> Bool {
        let isBodiless = Status.isBodiless(response.status)
        let isChunked = request.head.minor == 1
        let endsConnection = !isChunked && !isBodiless && request.method != .head
        output.append { out in
            HeadWriter.appendStart(response, to: &out)
            if isChunked && !isBodiless { out.appendText("Transfer-Encoding: chunked\r\n") }
            HeadWriter.appendEnd(request, date: server.date, closes: closes || endsConnection, to: &out)
        }
        if isBodiless || request.method == .head { return false }
        let writer = BodyWriter(output, isChunked: isChunked, server: server)
        do {
            try await produce(writer)
            try await writer.finish()
        } catch {
            // The status is on its way; only a broken connection can still say that the body is not whole.
            stream.abort()
            throw error
        }
        return endsConnection
    }
}
