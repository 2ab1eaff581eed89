/// A marketplace, as the service numbers them.
enum KeepaDomain: Int, CaseIterable, Sendable {
    case us = 1, uk, de, fr, japan, canada
    case italy = 8, spain, india, mexico, brazil

    /// Its smallest unit of money for a US cent. The yen has none smaller.
    var unitsPerCent: Double {
        switch self {
        case .us: 1
        case .uk: 0.8
        case .de, .fr, .italy, .spain: 0.92
        case .japan: 1.5
        case .canada: 1.37
        case .india: 85
        case .mexico: 18
        case .brazil: 5.5
        }
    }
}
