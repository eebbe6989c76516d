/// Why a partition could not be extracted, by failure class.
package struct ExtractError: Error, Sendable, CustomStringConvertible {
    /// Failure classes of the design, as far as sources have them.
    package enum Class: String, Sendable {
        case transient
        case configuration
        case permission
        case environment
        case data
        case cancelled
        case paused
        /// Another extractor was faster; nothing is wrong.
        case superseded
    }

    /// The class.
    package let kind: Class
    /// What happened, where, and what to do next.
    package let message: String

    /// An error of a class.
    package init(_ kind: Class, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package var description: String { message }
}
