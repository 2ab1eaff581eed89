internal import Bytes

/// What happened in the imitated world: which buses there are and what a quarter of an hour cost at each. `quarter` is
/// the instant at which it begins. Lives on the sandbox's loop.
protocol Market: AnyObject {
    var buses: [Bus] { get }
    /// Whether some buses begin or end within the years served. Listings that were made before it changed are wrong.
    var isChanging: Bool { get set }
    /// How the prices of a source came to be, where an answer should say so.
    func note(_ source: Source) -> String?
    /// What is served of that day of `real` or `online` at `now`; nil where nothing is yet, or nothing ever will be.
    func edition(_ source: Source, _ date: LocalDate, now: Int64) -> Edition?
    /// What will be served first.
    func first(_ source: Source, _ date: LocalDate) -> Edition?
    /// Rows that are served as they were recorded; nil where rows are made from prices.
    func recorded(_ source: Source, _ date: LocalDate) -> [Row]?
    /// nil where it was never known.
    func dollars(bus: Int, quarter: Int64, _ edition: Edition) -> Price?
    func pesos(bus: Int, quarter: Int64, dollars: Price) -> Price
}
