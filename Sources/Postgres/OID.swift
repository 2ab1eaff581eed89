/// The built-in types that go over the wire here, by the numbers of the server's catalogue (pg_type.dat).
package struct OID: Hashable, Sendable, CustomStringConvertible {
    package let rawValue: UInt32

    private init(_ rawValue: UInt32) { self.rawValue = rawValue }
    init(rawValue: UInt32) { self.rawValue = rawValue }

    static let bool = OID(16)
    static let bytea = OID(17)
    static let name = OID(19)
    static let int8 = OID(20)
    static let int2 = OID(21)
    static let int4 = OID(23)
    static let text = OID(25)
    static let oid = OID(26)
    static let json = OID(114)
    static let float4 = OID(700)
    static let float8 = OID(701)
    static let boolArray = OID(1000)
    static let byteaArray = OID(1001)
    static let int4Array = OID(1007)
    static let textArray = OID(1009)
    static let int8Array = OID(1016)
    static let float8Array = OID(1022)
    static let bpchar = OID(1042)
    static let varchar = OID(1043)
    static let date = OID(1082)
    static let timestamp = OID(1114)
    static let timestamptz = OID(1184)
    static let timestamptzArray = OID(1185)
    static let numericArray = OID(1231)
    static let numeric = OID(1700)
    static let uuid = OID(2950)
    static let jsonb = OID(3802)
    static let jsonbArray = OID(3807)
    static let int8range = OID(3926)
    static let int8multirange = OID(4536)

    package var description: String {
        switch self {
        case .bool: "bool"
        case .bytea: "bytea"
        case .int8: "int8"
        case .int2: "int2"
        case .int4: "int4"
        case .text: "text"
        case .varchar: "varchar"
        case .json: "json"
        case .jsonb: "jsonb"
        case .float4: "float4"
        case .float8: "float8"
        case .date: "date"
        case .timestamp: "timestamp"
        case .timestamptz: "timestamptz"
        case .numeric: "numeric"
        case .int8Array: "int8[]"
        case .int4Array: "int4[]"
        case .textArray: "text[]"
        case .numericArray: "numeric[]"
        case .int8multirange: "int8multirange"
        default: "type \(rawValue)"
        }
    }
}
