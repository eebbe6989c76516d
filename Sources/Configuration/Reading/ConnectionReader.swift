/// Reads the connections of a checked file.
struct ConnectionReader {
    let environment: Environment
    let issues: Issues
    let uses: ConnectionUses

    func read(_ name: String, _ fields: Fields) -> Connection? {
        guard let type = fields.chosenCase else {
            fields.checkKeys()
            return nil
        }
        fields.checkKeys(for: type)
        let isNeeded = !environment.needs.isDisjoint(with: uses.roles(of: name, type: type))
        let expander = Expander(environment: environment, issues: issues, isNeeded: isNeeded)
        switch type {
        case "http":
            return readHTTP(fields, expander).map(Connection.http)
        case "files":
            return expander.file("path", of: fields).map { .files(FilesSettings(path: $0)) }
        case "s3":
            return readS3(fields, expander).map(Connection.s3)
        case "sftp":
            return readSFTP(fields, expander).map(Connection.sftp)
        case "postgres":
            return .postgres(readPostgres(fields, expander))
        case "mysql":
            return .mysql(
                MySQLConnectionSettings(
                    host: expander.text("host", of: fields), port: fields.optionalInteger("port"),
                    socket: expander.file("socket", of: fields), user: expander.text("user", of: fields),
                    password: expander.secret("password", of: fields), database: expander.text("database", of: fields),
                    tls: fields.choice("tls", MySQLConnectionSettings.TLS.preferred),
                    authority: expander.file("sslrootcert", of: fields),
                    certificate: expander.file("sslcert", of: fields), key: expander.file("sslkey", of: fields),
                    defaultsFile: expander.file("defaults_file", of: fields),
                    connectTimeout: fields.duration("connect_timeout"),
                    statementTimeout: fields.duration("statement_timeout"), lockTimeout: fields.duration("lock_timeout")
                ))
        case "odbc":
            return .odbc(readODBC(fields, expander))
        case "duckdb", "parquet":
            return expander.file("path", of: fields).map { path in
                let settings = DuckDBConnectionSettings(
                    path: path, library: expander.file("library", of: fields) ?? "",
                    memoryLimit: fields.size("memory_limit"), threads: fields.optionalInteger("threads"),
                    busyTimeout: fields.duration("busy_timeout"))
                return type == "parquet" ? .parquet(settings) : .duckdb(settings)
            }
        default:
            return expander.file("path", of: fields).map { path in
                .sqlite(
                    SQLiteSettings(
                        path: path, cacheSize: fields.size("cache_size"),
                        walAutocheckpoint: fields.optionalInteger("wal_autocheckpoint"),
                        busyTimeout: fields.duration("busy_timeout")))
            }
        }
    }

    private func readHTTP(_ fields: Fields, _ expander: Expander) -> HTTPSettings? {
        let authorization = readAuthorization(fields, expander)
        let certificate = readCertificate(fields, expander)
        let headers = readHeaders(fields, expander)
        let proxy = readProxy(fields, expander)
        guard let base = address("base_url", of: fields, expander) else { return nil }
        return HTTPSettings(
            baseURL: base.hasSuffix("/") ? String(base.dropLast()) : base,
            headers: headers,
            authorization: authorization,
            method: fields.choice("method", HTTPMethod.get),
            clientCertificate: certificate,
            caFile: expander.file("ca_file", of: fields),
            verifyTLS: fields.boolean("verify_tls"),
            timeouts: readTimeouts(fields),
            rateLimit: fields.optionalText("rate_limit").flatMap { try? RateLimit(parsing: $0) },
            proxy: proxy,
            userAgent: expander.text("user_agent", of: fields) ?? "")
    }

    private func readPostgres(_ fields: Fields, _ expander: Expander) -> PostgresConnectionSettings {
        var parameters: [String: String] = [:]
        for (key, name) in [
            ("host", "host"), ("database", "dbname"), ("user", "user"), ("sslrootcert", "sslrootcert"),
            ("sslcert", "sslcert"), ("sslkey", "sslkey"),
        ] {
            if let value = expander.file(key, of: fields) { parameters[name] = value }
        }
        if let port = fields.optionalInteger("port") { parameters["port"] = "\(port)" }
        if let mode = fields.optionalText("sslmode") { parameters["sslmode"] = mode }
        return PostgresConnectionSettings(
            url: readPostgresURL(fields, expander), parameters: parameters,
            password: expander.secret("password", of: fields), schema: fields.optionalText("schema"),
            connectTimeout: fields.duration("connect_timeout"), statementTimeout: fields.duration("statement_timeout"),
            lockTimeout: fields.duration("lock_timeout"))
    }

    private func readPostgresURL(_ fields: Fields, _ expander: Expander) -> Secret? {
        guard let text = fields.optionalText("url") else { return nil }
        let authority = text.utf8.prefix { !"?".utf8.contains($0) }.split(separator: UInt8(ascii: "@"))
        let hasPassword =
            authority.count > 1 && authority[0].dropFirst("postgresql".utf8.count + 1).contains(UInt8(ascii: ":"))
        if !Expansion.isSecret(text), hasPassword || text.contains("password=") {
            fields.fail(
                .literalSecret, "url",
                "the address holds a password; move it to `password`, \(TextRule.secret.expectation), "
                    + "keep secrets out of the file and change this one")
            return nil
        }
        guard let url = expander.text("url", of: fields), !url.isEmpty || expander.isNeeded else { return nil }
        guard ["postgres://", "postgresql://"].contains(where: { url.hasPrefix($0) }) else {
            fields.fail(
                .wrongValue, "url",
                "expected postgres://user@host/database: it begins with neither postgres:// nor postgresql://")
            return nil
        }
        return Secret(url)
    }

    private func readODBC(_ fields: Fields, _ expander: Expander) -> ODBCConnectionSettings {
        if !fields.has("connection_string"), !fields.has("dsn") {
            fields.fail(.missingKey, "connection_string", "the key is missing; name a driver and a server, or a `dsn`")
        }
        return ODBCConnectionSettings(
            connectionString: readConnectionString(fields, expander), dataSource: expander.text("dsn", of: fields),
            user: expander.text("user", of: fields), password: expander.secret("password", of: fields),
            connectTimeout: fields.duration("connect_timeout"), lockTimeout: fields.duration("lock_timeout"))
    }

    private func readConnectionString(_ fields: Fields, _ expander: Expander) -> Secret? {
        guard let text = fields.optionalText("connection_string") else { return nil }
        let passwords = ConnectionString.pairs(text).filter { ConnectionString.isPassword($0.key) }
        if Expansion.path(of: text) == nil,
            passwords.contains(where: { !$0.value.isEmpty && !Expansion.hasVariables($0.value) })
        {
            fields.fail(
                .literalSecret, "connection_string",
                "it holds a password; move it to `password`, \(TextRule.secret.expectation), "
                    + "keep secrets out of the file and change this one")
            return nil
        }
        return expander.text("connection_string", of: fields).map { Secret($0) }
    }

    private func readAuthorization(_ fields: Fields, _ expander: Expander) -> Authorization? {
        guard let auth = fields.section("auth") else { return nil }
        let names = ["bearer", "basic", "oauth2"].filter(auth.has)
        guard names.count == 1 else {
            fields.fail(
                names.isEmpty ? .missingKey : .conflict, "auth",
                "expected one of bearer, basic, oauth2, "
                    + "found \(names.isEmpty ? "none" : names.joined(separator: " and "))"
            )
            return nil
        }
        if let basic = auth.section("basic") {
            basic.checkKeys()
            let user = expander.text("user", of: basic)
            guard let password = expander.secret("password", of: basic), let user else { return nil }
            if user.utf8.contains(UInt8(ascii: ":")) {
                basic.fail(.wrongValue, "user", "the user has a colon, which RFC 7617 does not allow")
            }
            return .basic(user: user, password: password)
        }
        if let oauth2 = auth.section("oauth2") {
            oauth2.checkKeys()
            let url = address("token_url", of: oauth2, expander)
            let id = expander.text("client_id", of: oauth2)
            let secret = expander.secret("client_secret", of: oauth2)
            let audience = expander.text("audience", of: oauth2)
            guard let url, let id, let secret else { return nil }
            return .oauth2(
                OAuth2(
                    tokenURL: url, clientID: id, clientSecret: secret, scopes: oauth2.texts("scopes"),
                    audience: audience, style: oauth2.choice("style", OAuth2.Style.basic)))
        }
        return expander.secret("bearer", of: auth).map(Authorization.bearer)
    }

    private func readCertificate(_ fields: Fields, _ expander: Expander) -> ClientCertificate? {
        guard let certificate = fields.section("client_certificate") else { return nil }
        certificate.checkKeys()
        let key = expander.file("key", of: certificate)
        let password = expander.secret("key_password", of: certificate)
        return expander.file("cert", of: certificate).map {
            ClientCertificate(certificate: $0, key: key, keyPassword: password)
        }
    }

    func readTimeouts(_ fields: Fields) -> HTTPTimeouts {
        let limits = fields.sectionOrStandard("timeouts", Table.httpTimeouts)
        return HTTPTimeouts(
            connect: limits.duration("connect"), request: limits.duration("request"), idle: limits.duration("idle"))
    }

    private func readHeaders(_ fields: Fields, _ expander: Expander) -> [Header] {
        guard let headers = fields.find("headers"), let entries = headers.node.entries else { return [] }
        return entries.compactMap { entry in
            guard let text = entry.value.text else { return nil }
            let path = headers.path.appending(entry.key)
            if Self.isCredential(entry.key), !Expansion.isSecret(text) {
                issues.add(
                    .literalSecret, at: entry.value.mark, path,
                    "expected \(TextRule.secret.expectation), found a literal value; "
                        + "keep secrets out of the file and change this one")
                return nil
            }
            let value = expander.expand(text, isSecret: true, at: entry.value.mark, path)
            return value.map { Header(name: entry.key, value: Secret($0)) }
        }
    }

    /// Whether a header of that name usually holds a credential.
    static func isCredential(_ name: String) -> Bool {
        let name = name.lowercased()
        return ["auth", "token", "key", "secret", "cookie", "password", "credential"].contains { name.contains($0) }
    }

    func readProxy(_ fields: Fields, _ expander: Expander) -> Secret? {
        guard let text = fields.optionalText("proxy") else { return nil }
        if !Expansion.isSecret(text), text.utf8.contains(UInt8(ascii: "@")) {
            fields.fail(
                .literalSecret, "proxy",
                "the address holds credentials; expected \(TextRule.secret.expectation), "
                    + "keep secrets out of the file and change this one")
            return nil
        }
        guard let url = expander.text("proxy", of: fields), !url.isEmpty || expander.isNeeded else { return nil }
        let schemes = ["http", "https", "socks4", "socks5", "socks5h"]
        if let reason = URLText.problem(in: url, allowingCredentials: true, schemes: schemes) {
            fields.fail(.wrongValue, "proxy", "expected a proxy's address: \(reason)")
            return nil
        }
        return Secret(url)
    }

    /// An expanded address, checked again as a whole; empty when it could not be read and is not needed.
    func address(_ name: String, of fields: Fields, _ expander: Expander) -> String? {
        guard let url = expander.text(name, of: fields) else { return nil }
        if !url.isEmpty || expander.isNeeded, let reason = URLText.problem(in: url) {
            fields.fail(.wrongValue, name, "expected \(TextRule.url.expectation): \(reason)")
            return nil
        }
        return url
    }
}
