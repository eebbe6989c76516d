/// The reading of what libpq says when it cannot connect: it keeps the SQLSTATE only inside its text.
enum PostgresConnectFailure {
    /// The error of a connection that was not made, without passwords.
    static func error(
        _ handle: OpaquePointer, _ settings: PostgresSettings, _ library: PostgresLibrary
    ) -> PostgresError {
        let text = library.errorMessage(handle).map { String(cString: $0) } ?? ""
        let (words, state) = read(text)
        // What was used may come from the environment or a file.
        let used = library.password(handle).map { String(cString: $0) }
        let secrets = [used, settings.password, settings.parameters["password"], settings.parameters["sslpassword"]]
        return PostgresError(
            "cannot connect to PostgreSQL: \(scrub(words, of: secrets.compactMap { $0 }))", sqlState: state,
            kind: state.isEmpty ? kind(words: words) : PostgresError.kind(state))
    }

    /// Takes the first SQLSTATE out of libpq's fullest form, `...: FATAL:  28P01: words` and `LOCATION:  ...` in lines of
    /// their own (PQsetErrorVerbosity).
    static func read(_ text: String) -> (words: String, sqlState: String) {
        var state = ""
        var lines: [String] = []
        for line in text.split(separator: "\n") where !line.hasPrefix("LOCATION: ") {
            let parts = line.split(separator: ":  ", maxSplits: 1)
            if parts.count == 2, let code = code(parts[1]) {
                if state.isEmpty { state = code }
                lines.append("\(parts[0]): \(parts[1].dropFirst(code.count + 2))")
            } else {
                lines.append(String(line))
            }
        }
        return (PostgresError.oneLine(lines.joined(separator: "\n")), state)
    }

    private static func code(_ text: Substring) -> String? {
        let code = text.prefix(5)
        let isCode = code.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) }
        return isCode && code.utf8.count == 5 && text.dropFirst(5).hasPrefix(": ") ? String(code) : nil
    }

    /// The class of a failure on our side, by libpq's words, which are English since the program sets no locale. What is
    /// not known is taken for a server that is not there yet.
    static func kind(words: String) -> DatabaseFailure {
        let permission = ["no password supplied", "authentication method requirement"]
        let configuration = [
            "certificate", "does not support SSL", "invalid connection option", "invalid sslmode",
            "invalid integer value",
            "invalid port number", "service file", "definition of service", "authentication method",
            "private key file", "could not match",
        ]
        if permission.contains(where: words.contains) { return .permission }
        return configuration.contains(where: words.contains) ? .configuration : .transient
    }

    private static func scrub(_ text: String, of secrets: [String]) -> String {
        var result = text
        for secret in secrets where !secret.isEmpty {
            result = result.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "***")
        }
        return result
    }
}
