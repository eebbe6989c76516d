/// Why chunk bytes could not be written or read.
package struct ChunkError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure.
    package enum Code: Sendable, Equatable {
        /// The bytes are not a complete, undamaged sequence of zstd frames of LF-ended lines. Reading again may help
        /// (a stale cache); otherwise the chunk is lost and has to come from the source again.
        case corrupt
        /// A line is longer than the stated maximum.
        case lineTooLong
        /// zstd could not compress: out of memory or a wrong setting.
        case compression
    }

    /// The kind of failure.
    package let code: Code
    /// What happened, where, and what to do next.
    package let message: String

    /// An error of that kind.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    static func corrupt(_ what: String, at compressedOffset: Int) -> ChunkError {
        ChunkError(
            .corrupt,
            "corrupt chunk: \(what), before compressed byte \(compressedOffset); read it again, "
                + "and if that does not help extract it from the source again")
    }

    package var description: String { message }
}
