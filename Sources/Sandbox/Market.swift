/// What happened in the imitated world: which buses there are and what a quarter of an hour cost at each. `quarter` is
/// the instant at which it begins.
protocol Market: Sendable {
    var buses: [Bus] { get }
    /// How the prices of these quarters came to be, where an answer should say so.
    var note: String? { get }
    /// nil where it was never known.
    func dollars(bus: Int, quarter: Int64) -> Price?
    func pesos(bus: Int, quarter: Int64, dollars: Price) -> Price
}
