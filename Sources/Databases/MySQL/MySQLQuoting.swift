extension MySQLConnection {
    /// Quotes an identifier: backticks, doubled inside (MariaDB, "Identifier Names"). The limit of 64 characters is the
    /// server's to enforce.
    ///
    /// - Throws: `MySQLError` (configuration) for a name that is empty or holds a NUL, which no identifier may.
    package static func quote(identifier name: String) throws(MySQLError) -> String {
        guard !name.isEmpty else { throw MySQLError(0, "an empty name cannot be an identifier") }
        var quoted = "`"
        for character in name.unicodeScalars {
            if character == "\0" { throw MySQLError(0, "a name with a NUL character cannot be an identifier") }
            if character == "`" { quoted += "`" }
            quoted.unicodeScalars.append(character)
        }
        return quoted + "`"
    }

    /// Quotes a text literal; valid in sessions of this client, whose sql_mode has no NO_BACKSLASH_ESCAPES (MariaDB,
    /// "String Literals").
    package static func quote(literal text: String) -> String {
        var quoted = "'"
        for character in text.unicodeScalars {
            switch character {
            case "'": quoted += "''"
            case "\\": quoted += "\\\\"
            // Some tools and the server's own log cut a statement here.
            case "\0": quoted += "\\0"
            default: quoted.unicodeScalars.append(character)
            }
        }
        return quoted + "'"
    }
}
