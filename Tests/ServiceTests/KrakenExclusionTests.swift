import EventLoop
import Foundation
import HTTP
import Sandbox
import Testing

/// Exclusions where series have slots of several lengths, of a pair that settings do not name.
@Suite struct KrakenExclusionTests {
    private static let clock = "2025-03-21T10:07:30Z"

    private static func send(_ service: ServiceUnderTest, _ method: String, _ path: String, _ body: String? = nil) throws
        -> (answer: HTTPClient.Answer, object: [String: Any])
    {
        let address = try service.address
        let answer = try service.client.runBlocking { loop in
            try await HTTPClient.send(
                method, address, path, headers: [], body: body.map { Array($0.utf8) }, on: loop, until: .after(.seconds(30)))
        }
        let object = answer.body.isEmpty ? nil : try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
        return (answer, object ?? [:])
    }

    private static func service() throws -> ServiceUnderTest {
        var sandbox = Sandbox.Configuration()
        sandbox.clockSpeed = 0
        let service = try ServiceUnderTest(sandbox, clock: clock, nodes: [], extra: ["KRAKEN_PAIRS": "XBTUSD"])
        // By being asked for a pair becomes one that is kept; nothing of it comes.
        let asked = #"{"dataset":"kraken","pair":"SOLUSD","interval":[1,60,1440],"from":"2025-03-20","api_backfill":false}"#
        _ = try service.ingest(asked)
        return service
    }

    @Test(arguments: [(1, 14_400), (60, 240), (1440, 10)])
    func slotsAreThoseOfTheSeries(_ interval: Int, _ slots: Int) throws {
        let service = try Self.service()
        defer { service.stop() }
        let path = "/v1/kraken/exclusions"
        let range = #""pair":"SOLUSD","interval":\#(interval),"from":"2025-03-01","to":"2025-03-11""#
        let query = "pair=SOLUSD&interval=\(interval)&from=2025-03-01&to=2025-03-12"
        func tally() throws -> [Int?] {
            let report = try service.json("/v1/kraken/completeness?\(query)")
            return [count(report, "expected"), count(report, "missing"), count(report, "excluded")]
        }
        func planned() throws -> Int? {
            count(try service.post("/v1/plans", #"{"dataset":"kraken",\#(range),"trades":true}"#)["gaps"], "slots")
        }
        let day = 1440 / interval
        #expect(try tally() == [slots + day, slots + day, 0])
        #expect(try planned() == slots)

        let made = try Self.send(service, "POST", path, #"{\#(range),"note":"Halted"}"#)
        #expect(made.answer.status == 201, "\(made.answer.text)")
        let id = try #require(made.object["id"] as? String)
        #expect(count(made.object, "slots") == slots && count(made.object, "series") == 1)
        #expect(made.object["from"] as? String == "2025-03-01T00:00:00Z" && made.object["to"] as? String == "2025-03-11T00:00:00Z")
        #expect(try tally() == [day, day, slots])
        #expect(try planned() == 0)
        let gaps = try service.json("/v1/kraken/gaps?\(query)&state=excluded")["data"] as? [[String: Any]] ?? []
        #expect(gaps.map { count($0, "slots") } == [slots] && gaps.first?["exclusion"] as? String == id)
        #expect(gaps.first?["from"] as? String == "2025-03-01T00:00:00Z" && gaps.first?["to"] as? String == "2025-03-11T00:00:00Z")
        let place = "/v1/kraken/slots/2025-03-10?pair=SOLUSD&interval=\(interval)"
        let slot = try service.json(place)
        #expect(slot["state"] as? String == "excluded" && (slot["exclusion"] as? [String: Any])?["id"] as? String == id)
        // Series of other lengths are untouched.
        let other = try service.json("/v1/kraken/completeness?pair=SOLUSD&interval=\(interval == 60 ? 1440 : 60)&from=2025-03-01")
        #expect(count(other, "excluded") == 0)

        #expect(try Self.send(service, "DELETE", "\(path)/\(id)").answer.status == 204)
        #expect(try tally() == [slots + day, slots + day, 0])
        #expect(try planned() == slots)
        #expect(try service.json(place)["state"] as? String == "missing")
    }

    @Test func slotsAreOfOneLength() throws {
        let service = try Self.service()
        defer { service.stop() }
        for (members, status, told) in [
            (#""from":"2025-03-01","to":"2025-03-11""#, 400, "interval: name one"),
            (#""interval":["60","1440"],"from":"2025-03-01","to":"2025-03-11""#, 400, "interval: name one"),
            (#""interval":1440,"from":"2025-03-01T06:00:00Z","to":"2025-03-02""#, 400, "to: no slot begins between"),
            // Of this length nothing is kept.
            (#""interval":240,"from":"2025-03-01","to":"2025-03-11""#, 404, "No followed series"),
        ] {
            let answer = try Self.send(service, "POST", "/v1/kraken/exclusions", #"{"pair":"SOLUSD",\#(members),"note":"n"}"#).answer
            #expect(answer.status == status && answer.text.contains(told), "\(members): \(answer.text)")
        }
    }
}
