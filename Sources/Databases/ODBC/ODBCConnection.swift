/// A connection to one database through its ODBC driver; used by one thread at a time. Calls block.
///
/// It never reconnects by itself. After an error that ends the connection ``isBroken`` is true and every further call
/// throws at once.
package final class ODBCConnection {
    let library: ODBCLibrary
    /// Where it leads and how it behaves.
    package let settings: ODBCSettings
    /// What the driver and the database say of themselves.
    package internal(set) var info = ODBCInfo()
    /// Whether texts of values travel as UTF-8; else as UTF-16.
    package internal(set) var textIsUTF8 = false
    /// Whether the connection is of no use any more.
    package internal(set) var isBroken = false

    /// From ``begin()`` to ``end(commit:)``; only where ``ODBCSettings/isWriting`` is set.
    package internal(set) var isInTransaction = false

    /// Buffers of rows that were made so far.
    var buffers = 0

    /// Whether the driver has the wide functions; else all texts go as bytes.
    var isWide = true
    var driver = ODBCDriver("")
    let environment: ODBCLibrary.Handle
    let handle: ODBCLibrary.Handle
    private var isConnected = false

    /// Connects.
    ///
    /// - Throws: `ODBCError`; its message names the data source or the server, never the password.
    package init(
        _ settings: ODBCSettings, library: Result<ODBCLibrary, ODBCError> = ODBCLibrary.shared
    ) throws(ODBCError) {
        let library = try library.get()
        self.library = library
        self.settings = settings
        var environment: ODBCLibrary.Handle?
        let code = library.allocate(ODBCCode.Handle.environment, nil, &environment)
        guard code >= 0, code <= 1, let environment else {
            throw ODBCError(
                .environment, "\(settings.name): the ODBC driver manager gives no environment: out of memory?")
        }
        let version = UnsafeMutableRawPointer(bitPattern: ODBCCode.EnvironmentAttribute.version3)
        _ = library.setEnvironment(environment, ODBCCode.EnvironmentAttribute.odbcVersion, version, 0)
        var handle: ODBCLibrary.Handle?
        _ = library.allocate(ODBCCode.Handle.connection, environment, &handle)
        guard let handle else {
            _ = library.free(ODBCCode.Handle.environment, environment)
            throw ODBCError(
                .environment, "\(settings.name): the ODBC driver manager gives no connection: out of memory?")
        }
        self.environment = environment
        self.handle = handle
        do throws(ODBCError) { try connect() } catch {
            close()
            throw error
        }
    }

    deinit {
        close()
        _ = library.free(ODBCCode.Handle.connection, handle)
        _ = library.free(ODBCCode.Handle.environment, environment)
    }

    /// Ends the connection. Every further call throws.
    package func close() {
        isBroken = true
        guard isConnected else { return }
        isConnected = false
        _ = library.disconnect(handle)
    }

    /// Calls SQLDriverConnect.
    func open(_ text: String, isWide: Bool) throws(ODBCError) {
        let seconds = max(1, min(settings.loginSeconds.rounded(.up), 1e6))
        _ = library.setConnection(
            handle, ODBCCode.ConnectionAttribute.loginTimeout, UnsafeMutableRawPointer(bitPattern: Int(seconds)), 0)
        self.isWide = isWide
        let code = ODBCText.with(text, isWide: isWide) { start, count in
            library.connect[isWide](handle, nil, start, Int16(clamping: count), nil, 0, nil, ODBCCode.noPrompt)
        }
        guard code == ODBCCode.Result.success || code == ODBCCode.Result.successWithInfo else { throw loginError(code) }
        isConnected = true
        isBroken = false
    }

    /// Ends the connection to open it anew.
    func reopen(_ text: String, isWide: Bool) throws(ODBCError) {
        close()
        try open(text, isWide: isWide)
    }

    /// Refuses what could only fail.
    func checkUsable(_ sql: String) throws(ODBCError) {
        if isBroken {
            let shape = sql.isEmpty ? "" : ": \(ODBCError.shape(of: sql))"
            throw ODBCError(.transient, "\(settings.name): the connection is lost\(shape)", state: "08003")
        }
    }
}
