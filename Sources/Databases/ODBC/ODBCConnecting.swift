extension ODBCConnection {
    /// Logs in. The driver is known for sure only then, so it may take a second login, with other options or functions.
    func connect() throws(ODBCError) {
        let parts = ODBCConnectionString(settings.connectionString)
        let guessed = ODBCDriver(parts["Driver"] ?? "")
        let options = settings.addsDriverOptions ? guessed.options(isWriting: settings.isWriting) : []
        try open(settings.secretText(adding: options), isWide: true)
        info.driverName = string(ODBCCode.Info.driverName)
        let named = ODBCDriver(info.driverName)
        let wanted = settings.addsDriverOptions ? named.options(isWriting: settings.isWriting) : []
        let text = settings.secretText(adding: wanted)
        let files = [info.driverName, parts["Driver"] ?? ""].map { String($0.split(separator: "/").last ?? "") }
        let isWide = named.isWide ?? ODBCDriver.hasWideFunctions(files) ?? true
        // Texts on their way to a driver without wide functions are converted by the driver manager, by the locale, and lose
        // characters.
        let isMangled = !isWide && text.utf8.contains { $0 >= 0x80 }
        if isMangled || wanted.map(\.key) != options.map(\.key) {
            try reopen(text, isWide: isWide)
        }
        self.isWide = isWide
        driver = named
        switch settings.text {
        case .automatic: textIsUTF8 = named.textIsUTF8 || !isWide
        case .utf8: textIsUTF8 = true
        case .utf16: textIsUTF8 = false
        }
        info = readInfo()
    }

    /// Why a login failed; a driver that is not there gets a sentence of its own.
    func loginError(_ code: Int16) -> ODBCError {
        let records = records(ODBCCode.Handle.connection, handle)
        guard let missing = records.first(where: { ODBCError.isMissingDriver($0) }) else {
            return ODBCError(records, place: settings.name, sql: "", secrets: secrets)
        }
        let parts = ODBCConnectionString(settings.connectionString)
        let driver = parts["Driver"]
        let wanted = driver.map { "the ODBC driver \($0)" } ?? "the data source's ODBC driver"
        let registered = registeredDrivers()
        let isUnknown =
            driver.map { name in
                !name.contains("/") && !registered.contains { $0.lowercased() == name.lowercased() }
            } ?? false
        let package =
            "install its package (odbc-postgresql, odbc-mariadb, libsqliteodbc, tdsodbc, or the database maker's)"
        let advice =
            if missing.state == "IM002" && driver == nil {
                "name the data source in odbc.ini, or a Driver in the connection string"
            } else if isUnknown && !registered.isEmpty {
                """
                \(wanted) is not among those of odbcinst.ini, which are \(registered.joined(separator: ", ")): give one of these \
                names, or the path of the driver's file, or \(package)
                """
            } else {
                "\(wanted) cannot be loaded: \(package), and give its path or its name in odbcinst.ini"
            }
        return ODBCError(
            [ODBCRecord(state: missing.state, native: missing.native, message: "\(advice) (\(missing.message))")],
            kind: .configuration, place: settings.name, sql: "", secrets: secrets)
    }

    /// The names of odbcinst.ini, as the driver manager finds them (SQLDrivers); none where it says nothing.
    private func registeredDrivers() -> [String] {
        var names: [String] = []
        // Of ever new names there would be no end in sight: an odbcinst.ini has a few.
        while names.count < 100 {
            var code = ODBCCode.Result.noData
            var (length, attributes): (Int16, Int16) = (0, 0)
            let direction = names.isEmpty ? ODBCCode.fetchFirst : ODBCCode.fetchNext
            let name = ODBCText.read(isWide: true, capacity: 256) { room in
                code = library.drivers[true](environment, direction, room, 256, &length, nil, 0, &attributes)
            }
            guard code == ODBCCode.Result.success || code == ODBCCode.Result.successWithInfo else { break }
            names.append(name)
        }
        return names
    }

    /// What no message may show.
    var secrets: [ODBCSecret] { settings.password.map { [$0] } ?? [] }
}
