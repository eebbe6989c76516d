/// What stopped the reading of a source file, or why a pattern or an option cannot be used.
///
/// A single bad record is not an error but a ``RejectedRecord``.
package struct FormatsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure, for the caller's decision.
    package enum Code: String, Sendable {
        /// The compressed stream ends too early.
        case truncatedStream
        /// The compressed stream is damaged.
        case corruptStream
        /// The system library for this compression is not installed.
        case libraryMissing
        /// The document is not what the format asks for: cut, garbage, unbalanced.
        case malformedDocument
        /// The header row cannot name the columns.
        case badHeader
        /// The file is not UTF-8 text.
        case unsupportedEncoding
        /// An option contradicts itself or the format.
        case badOption
        /// A file pattern cannot be read.
        case badPattern
        /// A path names one partition key twice, with different values.
        case contradictoryPath
        /// A name in a directory is no UTF-8.
        case undecodableName
        /// A stored cursor cannot be read.
        case badCursor
        /// No memory for a record.
        case outOfMemory
        /// The byte source broke its contract.
        case badSource
    }

    /// The kind of failure.
    package let code: Code
    /// What happened, where, and what to do next.
    package let message: String
    /// Offset from 0 where it was noticed: of the compressed file for stream errors, otherwise of the (decompressed)
    /// text; nil where no byte is to blame.
    package let byteOffset: UInt64?

    /// Makes an error; the message is complete, with its place.
    package init(_ code: Code, _ message: String, byteOffset: UInt64? = nil) {
        self.code = code
        self.message = message
        self.byteOffset = byteOffset
    }

    /// The message.
    package var description: String { message }
}
