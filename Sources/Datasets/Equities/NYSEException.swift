internal import Bytes

/// A day since 2000 on which the New York Stock Exchange departed from its rules.
struct NYSEException {
    let day: Int
    /// Minutes after midnight, or nil where there was no session.
    let close: Int?
    let reason: String

    private init(_ year: Int, _ month: Int, _ day: Int, close: Int? = nil, _ reason: String) {
        (self.day, self.close, self.reason) = (Civil.days(year: year, month: month, day: day), close, reason)
    }

    /// As the exchange has them in its list of special closings.
    static let known = [
        NYSEException(2001, 9, 11, "attack on the World Trade Center"),
        NYSEException(2001, 9, 12, "attack on the World Trade Center"),
        NYSEException(2001, 9, 13, "attack on the World Trade Center"),
        NYSEException(2001, 9, 14, "attack on the World Trade Center"),
        NYSEException(2003, 12, 26, close: NYSECalendar.earlyClose, "the Friday after Christmas"),
        NYSEException(2004, 6, 11, "mourning for President Reagan"),
        NYSEException(2007, 1, 2, "mourning for President Ford"),
        NYSEException(2012, 10, 29, "Hurricane Sandy"),
        NYSEException(2012, 10, 30, "Hurricane Sandy"),
        NYSEException(2018, 12, 5, "mourning for President George H. W. Bush"),
        NYSEException(2025, 1, 9, "mourning for President Carter"),
    ]
}
