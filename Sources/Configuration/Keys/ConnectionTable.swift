extension Table {
    static let connection = Section(
        "connection", "A system that jobs read from or write to.", discriminator: "type",
        [
            Key(
                "type",
                .choice(["http", "files", "s3", "sftp", "sqlite", "duckdb", "parquet", "postgres", "mysql", "odbc"]),
                required: true,
                "What the system is."
            ),
            Key("base_url", .text(.url), required: true, for: ["http"], "What the paths of sources are appended to."),
            Key(
                "headers", .map(of: .text(.maybeSecret), names: .headerName), for: ["http"],
                "Headers of every request; a credential only as `${NAME}` or `file:PATH`."),
            Key("auth", .section(auth), for: ["http"], "How requests prove who they are."),
            Key(
                "method", .choice(["GET", "POST"]), standard: "GET", for: ["http"],
                "The method where a source names none."),
            Key(
                "client_certificate", .section(clientCertificate), for: ["http"],
                "The certificate that the server asks for."),
            Key(
                "ca_file", .text(.expanded), for: ["http", "s3"],
                "A file of authorities to trust in place of the system's."),
            Key(
                "verify_tls", .boolean, standard: "true", for: ["http", "s3"],
                "Whether the server's certificate is checked."),
            Key("timeouts", .section(httpTimeouts), for: ["http", "s3", "sftp"], "Limits of requests."),
            Key(
                "rate_limit", .text(.rate), for: ["http", "s3"],
                "Requests at most, over all partitions: `10/s`, `600/m`, `3600/h`; a number is per second."),
            Key(
                "proxy", .text(.maybeSecret), for: ["http", "s3"],
                "The proxy's address; with credentials only as `${NAME}` or `file:PATH`. Without it the environment's `http_proxy`, `https_proxy` and `no_proxy` count."
            ),
            Key("user_agent", .text(.expanded), standard: "bobbin", for: ["http", "s3"], "The User-Agent header."),
            Key(
                "path", .text(.expanded), required: true, for: ["files", "sftp", "sqlite", "duckdb", "parquet"],
                "A leading `~/` is the home directory of this host (not of sftp). files, sftp: the directory below which sources are sought (sftp: from the server's root). sqlite, duckdb: the database file. parquet: the files' directory."
            ),
            Key("bucket", .text(.expanded), required: true, for: ["s3"], "The bucket."),
            Key(
                "prefix", .text(.expanded), for: ["s3"],
                "What stands before the paths of sources in the names of objects, as a directory; without it they begin at the bucket's root."
            ),
            Key(
                "endpoint", .text(.url), for: ["s3"],
                "The address of an S3-compatible service; without it Amazon's of the region."),
            Key("region", .text(.expanded), standard: "us-east-1", for: ["s3"], "The bucket's region."),
            Key(
                "access_key", .text(.expanded), for: ["s3"],
                "The id of the access key. Without key and secret, requests are not signed: for buckets that everybody may read."
            ),
            Key("secret_key", .text(.secret), for: ["s3"], "The access key's secret."),
            Key("session_token", .text(.secret), for: ["s3"], "The token of temporary credentials."),
            Key(
                "path_style", .boolean, for: ["s3"],
                "Whether the bucket stands in the path (`host/bucket/...`) or before the host (`bucket.host/...`); built in: in the path with an `endpoint`, before Amazon's hosts."
            ),
            Key(
                "url", .text(.maybeSecret), for: ["postgres"],
                "`postgres://user@host:port/database?parameter=value`; with a password only as `${NAME}` or `file:PATH`. What is not "
                    + "named comes from libpq's environment (`PGHOST`, `PGSERVICE`, ...) and `~/.pgpass`."),
            Key(
                "host", .text(.expanded), for: ["sftp", "postgres", "mysql"],
                "The host; of a database also the directory of its socket."),
            Key(
                "port", .integer(1...65535), for: ["sftp", "postgres", "mysql"],
                "The port; of sftp 22. A port of mysql is one of TCP, for localhost, too, where the socket is taken otherwise."
            ),
            Key("database", .text(.expanded), for: ["postgres", "mysql"], "The database."),
            Key(
                "connection_string", .text(.maybeSecret), for: ["odbc"],
                "`Driver=NAME;Server=HOST;...` as the driver's manual has it; a password in it only as `${NAME}`, or the whole as "
                    + "`file:PATH`."),
            Key(
                "dsn", .text(.expanded), for: ["odbc"],
                "A data source of odbc.ini; what the connection string says goes before it."),
            Key("user", .text(.expanded), for: ["sftp", "postgres", "mysql", "odbc"], "The user."),
            Key("password", .text(.secret), for: ["sftp", "postgres", "mysql", "odbc"], "The user's password."),
            Key(
                "key_file", .text(.expanded), for: ["sftp"],
                "The user's private key, such as `${HOME}/.ssh/id_ed25519`; without key and password the SSH agent is asked."
            ),
            Key("key_password", .text(.secret), for: ["sftp"], "The private key's password."),
            Key(
                "known_hosts", .text(.expanded), standard: "${HOME}/.ssh/known_hosts", for: ["sftp"],
                "The file with the keys of hosts, as OpenSSH has it; a host whose key is not in it, or is another, is refused."
            ),
            Key(
                "sslmode", .choice(["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]),
                for: ["postgres"],
                "How TLS is used, as libpq's parameter of that name; only verify-full knows whom it talks to."),
            Key(
                "sslrootcert", .text(.expanded), for: ["postgres", "mysql"],
                "A file of authorities for sslmode verify-* and tls verified."),
            Key("sslcert", .text(.expanded), for: ["postgres", "mysql"], "The client's certificate (PEM)."),
            Key("sslkey", .text(.expanded), for: ["postgres", "mysql"], "The client certificate's key (PEM)."),
            Key("socket", .text(.expanded), for: ["mysql"], "The server's socket, in place of host and port."),
            Key(
                "tls", .choice(["off", "preferred", "required", "verified"]), standard: "preferred", for: ["mysql"],
                "How the connection is encrypted; only verified knows whom it talks to."),
            Key(
                "defaults_file", .text(.expanded), for: ["mysql"],
                "A file such as `~/.my.cnf` (groups client and bobbin) for what is not named here."),
            Key(
                "schema", .text(.name), for: ["postgres"],
                "Where tables lie; made when absent. Without it the search path decides."),
            Key(
                "connect_timeout", .duration(minimum: .milliseconds(1)), standard: "10s",
                for: ["postgres", "mysql", "odbc"],
                "For the connection to stand."),
            Key(
                "statement_timeout", .duration(minimum: .zero), standard: "10m", for: ["postgres", "mysql"],
                "For one statement; 0s is no limit."),
            Key(
                "lock_timeout", .duration(minimum: .zero), standard: "30s", for: ["postgres", "mysql", "odbc"],
                "How long to wait for another session's lock (odbc: as a target, of PostgreSQL, MariaDB and SQLite), and for a server that "
                    + "is away."),
            Key(
                "cache_size", .size(0...1_000_000_000_000), standard: "32MB", for: ["sqlite"],
                "Memory of the page cache."),
            Key(
                "wal_autocheckpoint", .integer(0...1_000_000), for: ["sqlite"],
                "Pages of the write-ahead log after which it is copied back; without it Bobbin chooses."),
            Key(
                "busy_timeout", .duration(minimum: .zero), standard: "30s", for: ["sqlite", "duckdb", "parquet"],
                "How long to wait for another writer's lock, or for another process that has a DuckDB file open."),
            Key(
                "memory_limit", .size(10_000_000...1_000_000_000_000_000), standard: "2GB", for: ["duckdb", "parquet"],
                "Memory that DuckDB may use; what needs more goes to a directory beside the file."),
            Key(
                "threads", .integer(1...1024), for: ["duckdb", "parquet"],
                "Threads of DuckDB; without it one for each core."),
            Key(
                "library", .text(.expanded), standard: "libduckdb.so", for: ["duckdb", "parquet"],
                "The library of DuckDB, 1.4 or newer; a name without a slash is looked for where the linker looks."),
        ])

    static let auth = Section(
        "auth", "How requests prove who they are: one of the keys.",
        [
            Key("bearer", .text(.secret), "A bearer token."),
            Key("basic", .section(basic), "A user and password (RFC 7617)."),
            Key("oauth2", .section(oauth2), "OAuth 2 client credentials (RFC 6749, section 4.4)."),
        ])

    static let basic = Section(
        "basic", "A user and password.",
        [
            Key("user", .text(.expanded), required: true, "The user."),
            Key("password", .text(.secret), required: true, "The password."),
        ])

    static let oauth2 = Section(
        "oauth2", "OAuth 2 client credentials; tokens are fetched and renewed as needed.",
        [
            Key("token_url", .text(.url), required: true, "Where tokens are fetched."),
            Key("client_id", .text(.expanded), required: true, "The client's id."),
            Key("client_secret", .text(.secret), required: true, "The client's secret."),
            Key("scopes", .list(of: .text(.plain)), "The scopes to ask for."),
            Key("audience", .text(.expanded), "The audience to ask for."),
            Key(
                "style", .choice(["basic", "body"]), standard: "basic",
                "Whether id and secret go into the Authorization header or the body."),
        ])

    static let clientCertificate = Section(
        "client_certificate", "A certificate for mutual TLS.",
        [
            Key("cert", .text(.expanded), required: true, "The certificate's file (PEM)."),
            Key("key", .text(.expanded), "The private key's file (PEM), unless the certificate's file holds it."),
            Key("key_password", .text(.secret), "The private key's password."),
        ])

    static let httpTimeouts = Section(
        "http_timeouts", "Limits of requests.",
        [
            Key("connect", .duration(minimum: .milliseconds(1)), standard: "10s", "For the connection to stand."),
            Key("request", .duration(minimum: .milliseconds(1)), standard: "2m", "For one request and its answer."),
            Key("idle", .duration(minimum: .milliseconds(1)), standard: "30s", "Without a byte of the answer."),
        ])
}
