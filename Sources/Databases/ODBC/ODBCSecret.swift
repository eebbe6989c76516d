/// A password: no description, dump or error shows it.
package struct ODBCSecret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The password itself; only the connecting call reads it.
    let value: String

    /// A password.
    package init(_ value: String) { self.value = value }

    package var description: String { "(hidden)" }
    package var debugDescription: String { "(hidden)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
