import Bytes
import Conformance
import Datasets
import Series
import Testing

/// The contracts of `Series.Dataset`, over every dataset of the catalogue.
@Suite struct ConformanceTests {
    /// A new one is told by its specimen, in a line.
    static let specimens: [String: @Sendable (Dataset) throws -> Specimen] = [
        "cmg": cmgSpecimen, "kraken": krakenSpecimen, "accounts": accountsSpecimen, "equities": equitiesSpecimen,
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
        let seed = UInt64.random(in: 0..<1000)
        print("conformance of \(name), \(check.rawValue): seed \(seed)")
        let violations = Conformance.violations(of: try make(dataset), check, seed: seed)
        #expect(violations.isEmpty, "\(violations.joined(separator: "\n"))")
    }

    @Test func datasetsDoNotMeet() throws {
        let datasets = try Self.catalogue()
        #expect(Conformance.violations(among: datasets).isEmpty)
        #expect(!Conformance.violations(among: datasets + [datasets[0]]).isEmpty)
        #expect(Catalog.names == datasets.map(\.name))
    }
}
