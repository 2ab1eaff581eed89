import Ingest
import Series
import Testing

/// What is said of a value that nobody follows.
@Suite struct SelectionRefusalTests {
    private static func refusal(ofAccounts count: Int) -> String? {
        let dataset = Listed.dataset(followed: (1...count).map { SeriesKey([String(1000 + $0), "hour"]) })
        var selection = Selection(dataset: dataset.name)
        selection.keys["account_id"] = ["7"]
        do {
            try SelectionJSON.check(selection, of: dataset)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func ofAFewFollowedOnesAllAreTold() {
        #expect(Self.refusal(ofAccounts: 2) == "account_id: 7 is not followed here; followed are 1001, 1002")
    }

    @Test func ofManyTenAreToldAndHowManyThereAre() {
        let ten = (1001...1010).map(String.init).joined(separator: ", ")
        #expect(Self.refusal(ofAccounts: 10) == "account_id: 7 is not followed here; followed are \(ten)")
        #expect(Self.refusal(ofAccounts: 5000) == "account_id: 7 is not followed here; followed are 5000, \(ten) among them")
    }
}
