import EventLoop
import Upstream

/// A server that speaks HTTP by hand, so that it can speak it badly. What it does is chosen by the request's path.
final class RawServer {
    let listener: Listener
    private(set) var connections = 0
    private(set) var heads: [String] = []

    init(on loop: Loop) throws { listener = try Listener(.tcp(host: "127.0.0.1", port: 0), on: loop) }

    func serve(as me: Local<RawServer>) async {
        let loop = me.loop
        await withDiscardingTaskGroup { group in
            while let fd = try? await listener.accept() {
                connections += 1
                group.addTask { await loop.enter { loop in await loop[me].converse(fd) } }
            }
        }
    }

    private func converse(_ fd: Int32) async {
        guard let stream = try? Stream(fd, on: listener.loop) else { return }
        defer { stream.close() }
        var buffer: [UInt8] = []
        while true {
            while let end = headEnd(buffer) {
                let head = String(decoding: buffer[..<end], as: UTF8.self)
                buffer.removeFirst(end)
                heads.append(head)
                let target = head.split(separator: " ")[1]
                do {
                    guard try await answer(String(target.prefix { $0 != "?" }), head, on: stream) else { return }
                } catch { return }
            }
            guard let more = try? await stream.read(upTo: 16_384, until: .never), !more.isEmpty else { return }
            buffer += more
        }
    }

    private func headEnd(_ buffer: [UInt8]) -> Int? {
        guard buffer.count >= 4 else { return nil }
        for i in 0...(buffer.count - 4) where buffer[i..<(i + 4)].elementsEqual("\r\n\r\n".utf8) { return i + 4 }
        return nil
    }

    /// Whether the connection goes on.
    private func answer(_ path: String, _ head: String, on stream: Stream) async throws -> Bool {
        func whole(_ body: String, status: String = "200 OK", fields: String = "") async throws -> Bool {
            try await stream.write(Array("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)".utf8))
            return true
        }
        func partly(_ text: String) async throws -> Bool {
            try await stream.write(Array(text.utf8))
            return false
        }
        switch path {
        case "/echo": return try await whole(head)
        case "/silent":
            // Until the client goes away.
            _ = try await stream.read(upTo: 1, until: .never)
            return false
        case "/cut": return try await partly("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789")
        case "/cut-chunk": return try await partly("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        case "/nothing": return false
        case "/garbage": return try await partly("this is not the protocol\r\n\r\n")
        case "/redirect": return try await whole("", status: "302 Found", fields: "Location: /echo\r\n")
        case "/busy": return try await whole("{}", status: "429 Too Many Requests", fields: "Retry-After: 7\r\n")
        case "/long-head": return try await whole("x", fields: "X-Padding: \(String(repeating: "p", count: 60_000))\r\n")
        case "/interim":
            let early = "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"
            return try await partly(early + "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\ny")
        case "/endless":
            try await stream.write(Array("HTTP/1.1 200 OK\r\n\r\n".utf8))
            let block = [UInt8](repeating: 0x61, count: 65_536)
            while true { try await stream.write(block) }
        case "/gzip", "/bomb":
            let body = path == "/gzip" ? gzippedHello : gzipBomb(megabytes: 64)
            try await stream.write(Array("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(body.count)\r\n\r\n".utf8) + body)
            return true
        default: return try await whole("hello")
        }
    }
}

/// `printf hello | gzip -n`
let gzippedHello: [UInt8] = [
    0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x86, 0xA6, 0x10, 0x36, 5, 0, 0, 0,
]

/// One literal zero and then only "258 bytes from one back": 13 bits each (RFC 1951, fixed Huffman codes). It has no
/// proper end, which nobody who keeps a limit gets to see.
func gzipBomb(megabytes: Int) -> [UInt8] {
    var out: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]
    var pending: UInt32 = 0, count = 0
    func put(_ bit: UInt32) {
        pending |= bit << UInt32(count)
        count += 1
        if count == 8 {
            out.append(UInt8(pending))
            pending = 0
            count = 0
        }
    }
    for bit: UInt32 in [1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0] { put(bit) }
    for _ in 0..<(megabytes << 20) / 258 { for bit: UInt32 in [1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0] { put(bit) } }
    return out
}

/// A loop, the server and a fetcher on it, for one test.
func withServer(
    settings: @Sendable @escaping (inout Fetcher.Settings) -> Void = { _ in },
    _ body: @Sendable @escaping (isolated Loop, RawServer, Fetcher, Base) async throws -> Void
) async throws {
    let loop = try Loop(name: "upstream-test")
    defer { loop.stop() }
    try await loop.run { loop in
        let server = try RawServer(on: loop)
        let local = loop.keep(server)
        var chosen = Fetcher.Settings()
        settings(&chosen)
        let fetcher = try Fetcher(on: loop, settings: chosen)
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { await loop.enter { loop in await loop[local].serve(as: local) } }
            defer { loop.beginClosing() }
            try await body(loop, server, fetcher, Base("http://\(server.listener.address)")!)
        }
    }
}
