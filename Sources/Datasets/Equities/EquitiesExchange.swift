internal import Bytes
package import Series

extension Equities {
    /// How one call goes: a ticker's, or a session's.
    package static func exchange(_ order: CallOrder, _ sessions: EquitySessions) -> any Exchange {
        switch Shape(rawValue: order.shape) {
        case .ticker: EquityTickerExchange(order, sessions) ?? UnknownShape()
        case .session: EquitySessionExchange(order, sessions) ?? UnknownShape()
        case nil: UnknownShape()
        }
    }
}
