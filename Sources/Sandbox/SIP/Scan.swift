internal import Bytes

/// The parameters of `findByDate`. Unknown names are ignored, as the operator ignores them.
struct Scan: Sendable {
    let source: Source
    let days: ClosedRange<LocalDate>
    let page: Int
    let limit: Int
    /// Of `real` and `online`; the programmes ignore it.
    let bus: String?
    /// Of `real`: rows of this version alone.
    let type: String?

    /// nil where the dates are missing or wrong.
    init?(_ question: Question, _ source: Source, defaultLimit: Int) {
        guard let start = question["startDate"].flatMap({ LocalDate($0) }), let end = question["endDate"].flatMap({ LocalDate($0) }),
            start <= end
        else { return nil }
        self.source = source
        days = start...end
        page = max(0, question["page"].flatMap { Int($0) } ?? 0)
        limit = max(1, question["limit"].flatMap { Int($0) } ?? defaultLimit)
        bus = source.isProgramme ? nil : question["bar_transf"]
        type = source == .real ? question["type"] : nil
    }
}
