import Bytes
import Conformance
import Datasets
import Foundation
import Series
import Testing

/// The contracts of `Series.Dataset`, over every dataset of the catalogue.
@Suite struct ConformanceTests {
    /// A new one is told by its specimen, in a line.
    static let specimens: [String: @Sendable (Dataset) throws -> Specimen] = [
        "cmg": cmgSpecimen, "kraken": krakenSpecimen, "accounts": accountsSpecimen, "equities": equitiesSpecimen,
        "keepa": keepaSpecimen,
    ]

    static func catalogue() throws -> [Dataset] {
        Catalog.all(
            santiago: try Zone.load("America/Santiago"), utc: try Zone.load("Etc/UTC"), kraken: Kraken.Following(pairs: ["XBTUSD"]),
            newYork: try Zone.load("America/New_York"))
    }

    @Test(arguments: Catalog.names, Conformance.Check.allCases)
    func aDatasetHoldsWhatAllHold(name: String, check: Conformance.Check) throws {
        let dataset = try #require(try Self.catalogue().first { $0.name == name })
        let make = try #require(Self.specimens[name], "\(name) has no specimen")
        let specimen = try make(dataset)
        for _ in 0..<Self.rounds {
            let seed = UInt64.random(in: 0..<1_000_000)
            print("conformance of \(name), \(check.rawValue): seed \(seed)")
            let violations = Conformance.violations(of: specimen, check, seed: seed)
            guard violations.isEmpty else { return #expect(Bool(false), "\(violations.joined(separator: "\n"))") }
        }
    }

    /// More than one where somebody looks for what is rare.
    private static let rounds = ProcessInfo.processInfo.environment["CONFORMANCE_ROUNDS"].flatMap { Int($0) } ?? 1

    @Test func datasetsDoNotMeet() throws {
        let datasets = try Self.catalogue()
        #expect(Conformance.violations(among: datasets).isEmpty)
        #expect(!Conformance.violations(among: datasets + [datasets[0]]).isEmpty)
        #expect(Catalog.names == datasets.map(\.name))
    }
}
