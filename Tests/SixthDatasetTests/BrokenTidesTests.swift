import Conformance
import Testing

/// Each check of the suite bites.
@Suite struct BrokenTidesTests {
    @Test(arguments: Mistake.allCases)
    func aMistakeIsSeen(_ mistake: Mistake) {
        let violations = Conformance.violations(of: mistake.specimen, mistake.check, seed: 3)
        #expect(!violations.isEmpty, "\(mistake.rawValue) is not seen")
    }
}
