/// Why a text is not a value of its kind, as the end of a sentence.
package struct ValueProblem: Error, Sendable, Equatable {
    /// The reason, such as `it has no unit`.
    package let reason: String
}
