/// Why a private server is not there, in a sentence for the person who started the program.
package struct ServerError: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
