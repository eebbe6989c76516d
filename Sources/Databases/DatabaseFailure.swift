/// What a caller does about an engine's error; each client decides it from its engine's own codes.
package enum DatabaseFailure: Sendable {
    /// Locked, busy, gone, restarted or cancelled: try again.
    case transient
    /// Disk full, read-only, I/O, memory: the surroundings.
    case environment
    /// No permission, or a login that is refused.
    case permission
    /// A constraint or a value: the row.
    case data
    /// A schema, statement or setting that does not fit, a file that is no database.
    case configuration
}

/// An error of an engine's client.
package protocol DatabaseError: Error, CustomStringConvertible {
    /// What a caller does about it.
    var kind: DatabaseFailure { get }
}
