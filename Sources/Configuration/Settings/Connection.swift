/// A system that jobs read from or write to.
package enum Connection: Sendable, Hashable {
    case http(HTTPSettings)
    case files(FilesSettings)
    case sqlite(SQLiteSettings)

    /// What a connection can be used for.
    package enum Role: Sendable, Hashable, CaseIterable {
        case source
        case target
    }

    /// The word of the key `type`.
    package var type: String {
        switch self {
        case .http: "http"
        case .files: "files"
        case .sqlite: "sqlite"
        }
    }

    /// What the connection can be used for.
    package var role: Role {
        switch self {
        case .http, .files: .source
        case .sqlite: .target
        }
    }
}

/// A directory tree to read from.
package struct FilesSettings: Sendable, Hashable {
    /// The directory below which sources are sought.
    package let path: String
}

/// A SQLite database to write to.
package struct SQLiteSettings: Sendable, Hashable {
    /// The database file.
    package let path: String
    /// The page cache, in bytes.
    package let cacheSize: Int
    /// Pages of the write-ahead log after which it is copied back; nil leaves the choice to the loader.
    package let walAutocheckpoint: Int?
    /// How long to wait for another writer's lock.
    package let busyTimeout: Duration
}
