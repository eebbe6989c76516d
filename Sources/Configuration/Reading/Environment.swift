/// What a configuration takes from outside of its file.
package struct Environment: Sendable {
    /// The value of an environment variable.
    package let variable: @Sendable (String) -> String?
    /// The bytes of a file: secrets of `file:PATH`, and time zones (absolute paths).
    package let readFile: @Sendable (String) throws -> [UInt8]
    /// The connections whose secrets are needed. For the others an unset variable or unreadable file is no issue and
    /// reads as nothing, so that a host that only loads needs no secret of a source.
    package let needs: Set<Connection.Role>

    /// Takes the two look-ups; without `needs` every secret is needed.
    package init(
        variable: @escaping @Sendable (String) -> String?, readFile: @escaping @Sendable (String) throws -> [UInt8],
        needs: Set<Connection.Role> = Set(Connection.Role.allCases)
    ) {
        self.variable = variable
        self.readFile = readFile
        self.needs = needs
    }
}
