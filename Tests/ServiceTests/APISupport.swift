import API
import Answers
import EventLoop
import Foundation
import HTTP
import Ingest
import Series
import Store
import Testing

/// The API over a real socket: its own database, and the dataset of the answers' tests.
final class APIUnderTest {
    let loop: Loop
    private let given: ReaderUnderTest?
    let service: Service
    let address: Address

    /// Noon UTC; the hours of local 2025-12-01 are long due.
    static let now = "2025-12-03T12:00:00Z"

    static func with(
        _ settings: Service.Settings = .init(), now: String = APIUnderTest.now, reach: @escaping Quarters.ReachRule = { _, _ in nil },
        wholeHours: String? = nil, todayOnDemand: Bool = false,
        _ body: @escaping @Sendable (APIUnderTest) async throws -> Void
    ) async throws {
        try await with(
            try Quarters.dataset(reach: reach, wholeHours: wholeHours), settings, now: now, todayOnDemand: todayOnDemand, body)
    }

    static func with(
        _ dataset: Dataset, _ settings: Service.Settings = .init(), now: String, todayOnDemand: Bool = false,
        _ body: @escaping @Sendable (APIUnderTest) async throws -> Void
    ) async throws {
        try await ReaderUnderTest.with(dataset, now: now) { loop, held in
            let planning = Planning(store: held.store, datasets: [held.dataset], clock: held.clock, rates: [:])
            try await serve(held.reader, planning, held, on: loop, settings, todayOnDemand: todayOnDemand, body)
        }
    }

    static func serve(
        _ reader: Reader, _ planning: Planning, _ held: ReaderUnderTest?, on loop: isolated Loop, _ settings: Service.Settings = .init(),
        todayOnDemand: Bool = false, _ body: @escaping @Sendable (APIUnderTest) async throws -> Void
    ) async throws {
        let notes = Notes()
        let service = Service(
            loop: loop, reader: reader, planning: planning, datasets: planning.datasets, settings: settings,
            readiness: { notes.readiness }, metrics: { Array("gapless_up 1\n".utf8) }, nudgeWorker: { notes.nudges += 1 },
            todayOnDemand: todayOnDemand, unforeseen: { error, id in notes.unforeseen.append("\(id): \(error)") })
        let server = try Server(loop: loop, address: .tcp(host: "127.0.0.1", port: 0), router: service.router)
        let local = loop.keep(server)
        loop.start { loop in await loop[local].run(on: loop) }
        do {
            try await body(APIUnderTest(loop, held, service, server.address, notes))
        } catch {
            await server.end(within: .seconds(5))
            throw error
        }
        await server.end(within: .seconds(5))
        #expect(notes.unforeseen.isEmpty, "\(notes.unforeseen)")
    }

    /// What the service told the process around it.
    final class Notes {
        var readiness = Service.Readiness(postgres: .up, redis: .up)
        var nudges = 0
        var unforeseen: [String] = []
    }

    let notes: Notes

    private init(_ loop: Loop, _ held: ReaderUnderTest?, _ service: Service, _ address: Address, _ notes: Notes) {
        self.loop = loop
        given = held
        self.service = service
        self.address = address
        self.notes = notes
    }

    /// The store and the reader behind it.
    var held: ReaderUnderTest { given! }

    func send(
        _ method: String, _ path: String, _ headers: [(String, String)] = [], body: String? = nil
    ) async throws -> HTTPClient.Answer {
        try await HTTPClient.send(
            method, address, path, headers: headers, body: body.map { Array($0.utf8) }, on: loop, until: .after(.seconds(30)))
    }

    func get(_ path: String, _ headers: [(String, String)] = []) async throws -> HTTPClient.Answer {
        try await send("GET", path, headers)
    }

    func post(_ path: String, _ body: String, _ headers: [(String, String)] = []) async throws -> HTTPClient.Answer {
        try await send("POST", path, headers, body: body)
    }

    /// The object of an answer of this status.
    func object(_ answer: HTTPClient.Answer, status: Int = 200) throws -> [String: Any] {
        #expect(answer.status == status, "\(answer.text.prefix(400))")
        return try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
    }

    func object(_ path: String) async throws -> [String: Any] { try object(try await get(path)) }

    /// Where a 400 or 404 says that the input was wrong: names of parameters and pointers.
    func places(_ answer: HTTPClient.Answer) throws -> [String] {
        let object = try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
        let errors = object["errors"] as? [[String: Any]] ?? []
        return errors.compactMap { ($0["parameter"] ?? $0["pointer"]) as? String }
    }

    func slug(_ answer: HTTPClient.Answer) throws -> String {
        #expect(answer.header("Content-Type") == "application/problem+json")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
        #expect(object["status"] as? Int == answer.status)
        return String((object["type"] as? String ?? "").dropFirst("/problems/".count))
    }
}
