internal import Bytes

/// The parameters of `findByDate`. Unknown names are ignored, as the operator ignores them.
struct Scan: Sendable {
    let days: ClosedRange<LocalDate>
    let page: Int
    let limit: Int
    let bus: String?

    /// nil where the dates are missing or wrong.
    init?(_ question: Question, _ configuration: Sandbox.Configuration) {
        guard let start = question["startDate"].flatMap({ LocalDate($0) }), let end = question["endDate"].flatMap({ LocalDate($0) }),
            start <= end
        else { return nil }
        days = start...end
        page = max(0, question["page"].flatMap { Int($0) } ?? 0)
        limit = max(1, question["limit"].flatMap { Int($0) } ?? configuration.defaultLimit)
        bus = question["bar_transf"]
    }
}
