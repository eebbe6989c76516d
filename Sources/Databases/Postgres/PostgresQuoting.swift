// Quoting is done here rather than by libpq, so that it needs no connection.
extension PostgresConnection {
    /// Bytes of the longest identifier (NAMEDATALEN - 1, manual, section "Identifiers and Key Words").
    package static let identifierLimit = 63

    /// An identifier in double quotes, those inside doubled.
    ///
    /// - Throws: for an empty name, one with NUL, or one of more than 63 bytes, which the server would cut with no more
    ///   than a notice, so that two names could become one.
    package static func quote(identifier name: String) throws(PostgresError) -> String {
        guard !name.isEmpty else { throw PostgresError("an identifier cannot be empty", kind: .configuration) }
        let bytes = name.utf8.count
        guard bytes <= identifierLimit else {
            throw PostgresError(
                "the identifier \(name) has \(bytes) bytes, PostgreSQL keeps \(identifierLimit): shorten it",
                kind: .configuration)
        }
        return try quoted(name, by: "\"")
    }

    /// A text in single quotes, those inside doubled; with a backslash in it the escape form, which means the same
    /// whatever standard_conforming_strings says.
    ///
    /// - Throws: for a text with NUL.
    package static func quote(literal text: String) throws(PostgresError) -> String {
        guard text.utf8.contains(0x5C) else { return try quoted(text, by: "'") }
        var doubled = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar == "\\" { doubled.append(scalar) }
            doubled.append(scalar)
        }
        return try "E" + quoted(String(doubled), by: "'")
    }

    private static func quoted(_ text: String, by mark: Unicode.Scalar) throws(PostgresError) -> String {
        // By scalars: a combining mark behind a quote would hide it from a search by characters.
        var result = String.UnicodeScalarView([mark])
        for scalar in text.unicodeScalars {
            guard scalar != "\0" else {
                throw PostgresError("PostgreSQL has no NUL character (U+0000) in names and texts", kind: .data)
            }
            if scalar == mark { result.append(scalar) }
            result.append(scalar)
        }
        result.append(mark)
        return String(result)
    }
}
