/// An answer, whatever its status: 404 and 500 are answers too, and a redirect is one that nobody followed.
package struct Fetched: Sendable {
    package let status: Int
    /// Names in lower case, in the order of arrival; trailers included.
    package let headers: [(name: String, value: String)]
    /// Decoded.
    package let body: [UInt8]
    /// From being let in to the last byte, in nanoseconds.
    package let nanoseconds: Int64
    /// Of the body as it came over the wire, before decoding.
    package let bytesReceived: Int
    /// How many connections were opened for it: 0 where a kept one was used.
    package let connectionsOpened: Int

    /// The first field of this name, in any case.
    package func header(_ name: String) -> String? {
        let name = name.lowercased()
        return headers.first { $0.name == name }?.value
    }
}
