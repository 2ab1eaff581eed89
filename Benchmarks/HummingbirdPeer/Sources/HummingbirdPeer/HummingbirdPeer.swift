import Foundation
import HTTPTypes
import Hummingbird
import Logging

/// Answers what files say, from memory: `HummingbirdPeer PORT FILE...`. A file is the path, a line a field, an empty line,
/// and the body. Date and Content-Length are Hummingbird's own.
@main
struct HummingbirdPeer {
    struct Unreadable: Error { let file: String }

    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let port = arguments.first.flatMap(Int.init) else { throw Unreadable(file: "no port") }
        let router = Router()
        for file in arguments.dropFirst() {
            let (path, response) = try answer(file)
            router.get(RouterPath(path)) { _, _ in response }
        }
        var logger = Logger(label: "peer")
        logger.logLevel = .error
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: port), serverName: "hummingbird"), logger: logger)
        try await application.runService()
    }

    private static func answer(_ file: String) throws -> (path: String, response: Response) {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        guard let end = bytes.range(of: Data("\n\n".utf8)) else { throw Unreadable(file: file) }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\n")
        guard let path = lines.first else { throw Unreadable(file: file) }
        var fields = HTTPFields()
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":"), let name = HTTPField.Name(String(line[..<colon])) else {
                throw Unreadable(file: file)
            }
            fields.append(HTTPField(name: name, value: line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)))
        }
        let body = ResponseBody(byteBuffer: ByteBuffer(bytes: bytes[end.upperBound...]))
        return (String(path), Response(status: .ok, headers: fields, body: body))
    }
}
