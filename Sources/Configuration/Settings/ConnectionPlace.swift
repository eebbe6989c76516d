/// Where a database is, as far as its configuration tells.
extension Connection {
    /// The same text for two connections to one database that only differ in how they go about it, such as in time-outs; nil where nothing
    /// tells. Two texts may be one place all the same: a host has many names.
    package var place: String? {
        switch self {
        case .sqlite(let settings): "file \(Connection.plain(settings.path))"
        case .duckdb(let settings), .parquet(let settings): "file \(Connection.plain(settings.path))"
        case .postgres(let settings): settings.place
        case .mysql(let settings):
            settings.database.map { database in
                "mysql \(settings.socket ?? Connection.host(settings.host)) \(settings.port ?? 3306) \(database)"
            }
        case .http, .files, .s3, .sftp, .odbc: nil
        }
    }

    /// Whether tables of one name are one, however it is written.
    package var foldsNames: Bool {
        switch self {
        case .sqlite, .duckdb, .parquet: true
        case .postgres, .mysql, .odbc, .http, .files, .s3, .sftp: false
        }
    }

    /// The file or directory that it is; nil for a server.
    package var file: String? {
        switch self {
        case .sqlite(let settings): settings.path
        case .duckdb(let settings), .parquet(let settings): settings.path
        case .postgres, .mysql, .odbc, .http, .files, .s3, .sftp: nil
        }
    }

    /// A path without what changes nothing of it.
    private static func plain(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == "..", let last = parts.last, last != ".." { parts.removeLast() } else { parts.append(part) }
        }
        return (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
    }

    /// The names that a host has for itself are one.
    fileprivate static func host(_ name: String?) -> String {
        let name = name?.lowercased() ?? ""
        return ["", "127.0.0.1", "::1", "[::1]"].contains(name) ? "localhost" : name
    }
}

extension PostgresConnectionSettings {
    /// By libpq's rules: what is named beside the address goes before it ("Connection URIs" of its manual).
    fileprivate var place: String? {
        var (host, port, database) = ("", "5432", "")
        if let text = url?.reveal(), let start = text.firstRange(of: "://") {
            let address = text[start.upperBound...].prefix { $0 != "?" }
            let authority = address.prefix { $0 != "/" }
            database = String(address.dropFirst(authority.count + 1))
            let server = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
            let name = server.hasPrefix("[") ? server.prefix { $0 != "]" } + "]" : server.prefix { $0 != ":" }
            host = String(name)
            if server.count > name.count + 1 { port = String(server.dropFirst(name.count + 1)) }
        }
        host = parameters["host"] ?? host
        database = parameters["dbname"] ?? database
        port = parameters["port"] ?? port
        return database.isEmpty ? nil : "postgres \(Connection.host(host)) \(port) \(database) \(schema ?? "public")"
    }
}
