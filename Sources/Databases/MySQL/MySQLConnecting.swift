internal import Glibc

extension MySQLConnection {
    /// Logs in (MariaDB Connector/C, "mysql_real_connect").
    func connect() throws(MySQLError) {
        try setOptions()
        // libmariadb takes the socket only for this name, and without one the defaults file's host would win.
        let host = settings.socket == nil ? settings.host : "localhost"
        let connected = withOptional(host) { host in
            withOptional(settings.user) { user in
                withOptional(settings.password?.value) { password in
                    withOptional(settings.database) { database in
                        withOptional(settings.socket) { socket in
                            library.connect(
                                handle, host, user, password, database, UInt32(clamping: settings.port ?? 0), socket, 0)
                        }
                    }
                }
            }
        }
        guard connected != nil else {
            throw failure(
                library.errorNumber(handle), library.errorState(handle), library.errorText(handle), "connecting")
        }
        // libmariadb falls back to plain text without a word when the server offers no TLS.
        if settings.tls.mode == .required || settings.tls.mode == .verified, cipher == nil {
            isBroken = true
            throw MySQLError(2026, "cannot connect to \(settings.server): TLS is required, the server offers none")
        }
        isLoggedIn = true
        // The option file may have said otherwise. The capability for loads is agreed on by now; see loadData.
        set(MySQLLibrary.Options.reconnect, flag: false)
        set(MySQLLibrary.Options.localInfile, number: 0)
        refuseLocalFiles()
    }

    private func setOptions() throws(MySQLError) {
        typealias Options = MySQLLibrary.Options
        if let file = settings.defaultsFile {
            // libmariadb goes on without a file that it cannot read, as another user.
            guard access(file, R_OK) == 0 else { throw MySQLError(0, "the defaults file \(file) cannot be read") }
            set(Options.defaultsFile, text: file)
        }
        if let group = settings.defaultsGroup { set(Options.defaultsGroup, text: group) }
        // For localhost libmariadb would take its own socket, and forget the port.
        if settings.socket == nil, settings.port != nil { set(Options.transport, number: MySQLLibrary.tcp) }
        set(Options.charset, text: "utf8mb4")
        set(Options.connectTimeout, number: seconds(settings.connectSeconds))
        set(Options.readTimeout, number: seconds(settings.readSeconds))
        set(Options.writeTimeout, number: seconds(settings.writeSeconds))
        set(Options.localInfile, number: 1)
        let tls = settings.tls
        // Always said: since version 3.4 the library's own default is to verify.
        set(Options.verifyServer, flag: tls.mode == .verified)
        if tls.mode == .off { return }
        if let authority = tls.authority { set(Options.authority, text: authority) }
        if let certificate = tls.certificate { set(Options.certificate, text: certificate) }
        if let key = tls.key { set(Options.key, text: key) }
        set(Options.enforceTLS, flag: true)
    }

    /// Sets an option that is a text.
    func set(_ option: UInt32, text: String) { _ = text.withCString { library.options(handle, option, $0) } }

    /// Sets an option that is an unsigned int.
    func set(_ option: UInt32, number: UInt32) {
        var number = number
        _ = library.options(handle, option, &number)
    }

    /// Sets an option that is a my_bool.
    func set(_ option: UInt32, flag: Bool) {
        var flag: Int8 = flag ? 1 : 0
        _ = library.options(handle, option, &flag)
    }

    private func seconds(_ value: Double) -> UInt32 { UInt32(max(1, min(value.rounded(.up), 1e9))) }

    private func withOptional<Value>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Value) -> Value {
        guard let text else { return body(nil) }
        return text.withCString { body($0) }
    }
}
