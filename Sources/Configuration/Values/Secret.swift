/// A value that must not be printed: its description, debug description and mirror are `***`.
package struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let value: String

    /// Wraps a value that came from the environment or a file.
    package init(_ value: String) {
        self.value = value
    }

    /// The value itself, for the one place that sends it.
    package func reveal() -> String { value }

    /// `***`.
    package var description: String { "***" }
    /// `***`.
    package var debugDescription: String { "***" }
    /// Nothing, so that dumps show nothing.
    package var customMirror: Mirror { Mirror(self, children: []) }
}
