/// A system that jobs read from or write to.
package enum Connection: Sendable, Hashable {
    case http(HTTPSettings)
    case files(FilesSettings)
    case s3(S3ConnectionSettings)
    case sftp(SFTPConnectionSettings)
    case sqlite(SQLiteSettings)
    case postgres(PostgresConnectionSettings)
    case mysql(MySQLConnectionSettings)
    case duckdb(DuckDBConnectionSettings)
    /// The path is a directory.
    case parquet(DuckDBConnectionSettings)
    case odbc(ODBCConnectionSettings)

    /// Types that rows can be written to.
    package static let targets = ["sqlite", "duckdb", "parquet", "postgres", "mysql", "odbc"]

    /// Types that rows can be read from.
    package static let sources = [
        "http", "files", "s3", "sftp", "sqlite", "duckdb", "parquet", "postgres", "mysql", "odbc",
    ]
    /// Types whose files are sources, found by a glob.
    static let fileStores = ["files", "s3", "sftp"]
    /// Types whose tables and queries are sources.
    static let databases = ["sqlite", "duckdb", "parquet", "postgres", "mysql", "odbc"]

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
        case .s3: "s3"
        case .sftp: "sftp"
        case .sqlite: "sqlite"
        case .postgres: "postgres"
        case .mysql: "mysql"
        case .duckdb: "duckdb"
        case .parquet: "parquet"
        case .odbc: "odbc"
        }
    }
}

/// A directory tree to read from.
package struct FilesSettings: Sendable, Hashable {
    /// The directory below which sources are sought.
    package let path: String
}

/// A bucket of Amazon S3 or of a service that is compatible with it.
package struct S3ConnectionSettings: Sendable, Hashable {
    /// An access key; without one requests are not signed.
    package struct Credentials: Sendable, Hashable {
        package let accessKey: String
        package let secretKey: Secret
        package let sessionToken: Secret?
    }

    package let bucket: String
    /// Without slashes at its ends; empty for the bucket's root.
    package let prefix: String
    /// The service's address; nil for Amazon's of the region.
    package let endpoint: String?
    package let region: String
    package let credentials: Credentials?
    /// Whether the bucket stands in the path and not before the host.
    package let isPathStyle: Bool
    /// A file of authorities to trust in place of the system's.
    package let caFile: String?
    /// Whether the server's certificate is checked.
    package let verifyTLS: Bool
    package let timeouts: HTTPTimeouts
    /// Requests at most, over all partitions; nil for no limit.
    package let rateLimit: RateLimit?
    /// The proxy's address, perhaps with credentials.
    package let proxy: Secret?
    package let userAgent: String
}

/// A directory of an SFTP server.
package struct SFTPConnectionSettings: Sendable, Hashable {
    package let host: String
    package let port: Int
    package let user: String
    package let password: Secret?
    /// The file of the private key; nil asks the agent, unless there is a password.
    package let keyFile: String?
    package let keyPassword: Secret?
    /// The file with the keys of known hosts.
    package let knownHosts: String
    /// The directory below which sources are sought, absolute, without a slash at its end.
    package let path: String
    package let timeouts: HTTPTimeouts
}

/// A PostgreSQL database. What is not set comes from where libpq takes it: PGHOST, PGPASSWORD, the password file and
/// their like.
package struct PostgresConnectionSettings: Sendable, Hashable {
    /// `postgres://[user@]host[:port]/database[?parameter=value]`; it may hold a password, if that came from outside of the file.
    package let url: Secret?
    /// libpq's keywords with their values: host, port, dbname, user, sslmode, sslrootcert, sslcert, sslkey.
    package let parameters: [String: String]
    /// Goes before one of the URL.
    package let password: Secret?
    /// Where tables lie; made when absent.
    package let schema: String?
    /// For the connection to stand.
    package let connectTimeout: Duration
    /// For one statement; zero is no limit.
    package let statementTimeout: Duration
    /// For another one's lock.
    package let lockTimeout: Duration
}

/// A MariaDB or MySQL database. What is not set comes from the defaults file.
package struct MySQLConnectionSettings: Sendable, Hashable {
    /// How a connection is encrypted.
    package enum TLS: String, Sendable, Hashable {
        case off, preferred, required, verified
    }

    package let host: String?
    package let port: Int?
    /// The server's socket, in place of host and port.
    package let socket: String?
    package let user: String?
    package let password: Secret?
    package let database: String?
    package let tls: TLS
    /// Files of authorities, of the client's certificate and of its key (PEM).
    package let authority: String?
    package let certificate: String?
    package let key: String?
    /// A file such as `.my.cnf`, of which the groups `client` and `bobbin` count.
    package let defaultsFile: String?
    /// For the connection to stand.
    package let connectTimeout: Duration
    /// For one statement; zero is no limit.
    package let statementTimeout: Duration
    /// For another one's lock.
    package let lockTimeout: Duration
}

/// A database to read from or write to through its ODBC driver.
package struct ODBCConnectionSettings: Sendable, Hashable {
    /// `keyword=value` pairs for the driver; it may hold a password, if that came from outside of the file.
    package let connectionString: Secret?
    /// A data source of odbc.ini.
    package let dataSource: String?
    package let user: String?
    package let password: Secret?
    /// For the connection to stand.
    package let connectTimeout: Duration
    /// For another one's lock, as a target.
    package let lockTimeout: Duration
}

/// A DuckDB database, or a directory of Parquet files by way of DuckDB.
package struct DuckDBConnectionSettings: Sendable, Hashable {
    /// The database file, or the directory.
    package let path: String
    /// The library; a name without a slash is looked for by the dynamic linker.
    package let library: String
    /// Bytes that DuckDB may use.
    package let memoryLimit: Int
    /// Threads of DuckDB; nil is one for each core.
    package let threads: Int?
    /// How long to wait for another process that has the file open.
    package let busyTimeout: Duration
}

/// A SQLite database.
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
