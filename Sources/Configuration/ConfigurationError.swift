/// Everything that is wrong with a configuration file, or with partition values given on the command line.
///
/// Its text is one line per issue, in the order of the file. No message holds a secret or an expanded variable.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of an issue, for callers and tests; people read the message.
    package enum Code: String, Sendable {
        /// The text is not YAML, or beyond the limits on size, depth and aliases.
        case syntax
        case unknownKey
        case missingKey
        /// A section where text is due, and the like.
        case wrongType
        /// The type is right, the value is not.
        case wrongValue
        case literalSecret
        case unsetVariable
        case unreadableSecret
        /// A name of a connection or partition that is not there.
        case unknownName
        /// Keys that are right alone but not together.
        case conflict
    }

    /// One thing to mend.
    package struct Issue: Sendable, Hashable, CustomStringConvertible {
        /// The kind of the issue.
        package let code: Code
        /// The file as the caller named it; nil when the issue is not in a file.
        package let file: String?
        /// The place in the file; nil when the issue is not in a file.
        package let mark: Mark?
        /// The path of the key, such as `jobs.faults.source.pagination.type`; empty for the whole file.
        package let key: String
        /// What was expected, what was found, what to do.
        package let message: String

        /// For an issue `file:line:column: key: message`; for the error one line per issue.
        package var description: String {
            var place = file.map { "\($0):" } ?? ""
            if let mark { place += "\(mark.line):\(mark.column):" }
            if !key.isEmpty { place += "\(place.isEmpty ? "" : " ")\(key):" }
            return place.isEmpty ? message : "\(place) \(message)"
        }
    }

    /// All issues, sorted by line and column; never empty.
    package let issues: [Issue]

    /// For an issue `file:line:column: key: message`; for the error one line per issue.
    package var description: String {
        issues.map(\.description).joined(separator: "\n")
    }
}
