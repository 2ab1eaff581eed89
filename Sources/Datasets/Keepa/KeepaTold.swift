internal import Bytes
internal import Series

/// What an answer says of a field: three things, for what is not told is not known to be gone.
enum KeepaTold<Content> {
    /// It does not carry the field: what is known stays.
    case absent
    /// It says that there is none, or not enough to tell.
    case none
    case value(Content)

    var content: Content? { if case .value(let content) = self { content } else { nil } }
    var isAbsent: Bool { if case .absent = self { true } else { false } }

    func map<Other>(_ transform: (Content) -> Other) -> KeepaTold<Other> {
        switch self {
        case .absent: .absent
        case .none: .none
        case .value(let content): .value(transform(content))
        }
    }

    func stored(_ value: (Content) -> Value?) -> Value {
        switch self {
        case .absent: .kept
        case .none: .null
        case .value(let content): value(content) ?? .null
        }
    }
}

extension KeepaTold<Int64> {
    /// A figure of the upstream: -2 is not requested, -1 no offer or not enough data.
    init(figure: Int64) { self = figure >= 0 ? .value(figure) : figure == -2 ? .absent : .none }

    func stored() -> Value { stored(Value.integer) }
}
