/// Where a database is, who logs in, and how a connection behaves.
package struct ODBCSettings: Sendable, CustomStringConvertible {
    /// How values of text columns travel between driver and client; see ``ODBCConnection/textIsUTF8``.
    package enum TextForm: Sendable {
        /// UTF-8 where it is known that the driver keeps all of Unicode so, else UTF-16.
        case automatic
        /// As bytes (SQL_C_CHAR), which the driver must treat as UTF-8.
        case utf8
        /// As UTF-16 (SQL_C_WCHAR), whose meaning ODBC fixes; slower.
        case utf16
    }

    /// How values are fetched whose length the driver does not limit.
    package enum LongValues: Sendable {
        /// Into buffers that grow, where the driver allows SQLGetData for bound columns, else in pieces.
        case automatic
        /// Always in pieces, by SQLGetData; slower, and what every driver can.
        case pieces
    }

    /// A name in odbc.ini, with host, database and driver behind it.
    package var dataSource: String?
    /// `keyword=value` pairs for the driver, such as `Driver=/path/driver.so;Server=db`; they win over ``dataSource``.
    package private(set) var connectionString: String
    /// nil leaves the user to the data source.
    package var user: String?
    /// A password in the connection string is moved here, so that no description shows it.
    package var password: ODBCSecret?
    /// Seconds until connecting is given up; not every driver listens.
    package var loginSeconds = 10.0
    package var text = TextForm.automatic
    package var longValues = LongValues.automatic
    /// Whether options are added that known drivers need to stream with flat memory and to keep types apart; what the
    /// connection string says itself stays. See ``ODBCDriver``.
    package var addsDriverOptions = true
    /// Whether the connection is for writing: then results are small, none of them may stand in a transaction's way, and the
    /// driver's options go before what the connection string says.
    package var isWriting = false

    /// Settings of a connection string, whose `PWD` or `PASSWORD` becomes ``password``.
    package init(connectionString: String = "", dataSource: String? = nil) {
        var parts = ODBCConnectionString(connectionString)
        let secret = parts.remove("PWD")
        let other = parts.remove("PASSWORD")
        password = (secret ?? other).map { ODBCSecret($0) }
        self.connectionString = parts.text
        self.dataSource = dataSource
    }

    /// Settings of a driver, by its name in odbcinst.ini or its path, and of its keywords, whose values are escaped.
    package init(driver: String, _ values: [(String, String)]) {
        var parts = ODBCConnectionString()
        parts.add("Driver", driver)
        for (key, value) in values { parts.add(key, value) }
        self.init(connectionString: parts.text)
    }

    /// What an error calls the database; never a password.
    package var name: String {
        if let dataSource { return "ODBC data source \(dataSource)" }
        let parts = ODBCConnectionString(connectionString)
        if let source = parts["DSN"] { return "ODBC data source \(source)" }
        let driver = parts["Driver"].map { String($0.split(separator: "/").last ?? "") } ?? "ODBC"
        let place = [parts["Server"] ?? parts["Servername"], parts["Database"]].compactMap { $0 }
        return ([driver] + place).joined(separator: " ")
    }

    package var description: String { name }

    /// The whole connection string, password included: for the connecting call only.
    func secretText(adding options: [(key: String, value: String)]) -> String {
        var parts = ODBCConnectionString()
        // The first of a keyword counts: what is written depends on these.
        if isWriting { for (key, value) in options { parts.add(key, value) } }
        if let dataSource { parts.add("DSN", dataSource) }
        for (key, value) in ODBCConnectionString(connectionString).pairs { parts.add(key, value) }
        if let user { parts.add("UID", user) }
        if let password { parts.add("PWD", password.value) }
        for (key, value) in options { parts.add(key, value) }
        return parts.text
    }
}
