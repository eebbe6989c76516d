/// What a driver and its database say of themselves (Microsoft, "ODBC API Reference", SQLGetInfo).
package struct ODBCInfo: Sendable, Equatable {
    /// The database's product, such as `PostgreSQL`.
    package var databaseName = ""
    package var databaseVersion = ""
    /// The driver's file.
    package var driverName = ""
    package var driverVersion = ""
    /// The database that is current; empty when the driver does not say.
    package var currentDatabase = ""
    /// What stands around an identifier; empty when the database quotes none.
    package var identifierQuote = "\""
    /// What stands before `_` and `%` in a name that is no pattern.
    var patternEscape = ""
    /// Bits of SQL_GETDATA_EXTENSIONS.
    var getData: UInt32 = 0

    /// Quotes an identifier as the database says, the quote inside being doubled.
    ///
    /// - Throws: `ODBCError` (configuration) for a name that cannot be one.
    package func quote(identifier name: String) throws(ODBCError) -> String {
        guard !name.isEmpty, !name.contains("\0") else {
            throw ODBCError(.configuration, "an empty name, or one with a NUL character, cannot be an identifier")
        }
        guard let quote = identifierQuote.first, quote != " " else {
            throw ODBCError(.configuration, "\(databaseName) quotes no identifiers")
        }
        let close = quote == "[" ? "]" : String(quote)
        let parts = name.split(separator: close, omittingEmptySubsequences: false)
        return "\(quote)\(parts.joined(separator: close + close))\(close)"
    }
}

extension ODBCConnection {
    func readInfo() -> ODBCInfo {
        var info = ODBCInfo()
        info.databaseName = string(ODBCCode.Info.dbmsName)
        info.databaseVersion = string(ODBCCode.Info.dbmsVersion)
        info.driverName = string(ODBCCode.Info.driverName)
        info.driverVersion = string(ODBCCode.Info.driverVersion)
        info.currentDatabase = string(ODBCCode.Info.databaseName)
        info.identifierQuote = string(ODBCCode.Info.identifierQuote)
        info.patternEscape = string(ODBCCode.Info.searchPatternEscape)
        var bits: UInt32 = 0
        _ = library.getInfo[isWide](handle, ODBCCode.Info.getDataExtensions, &bits, 4, nil)
        info.getData = bits
        return info
    }

    /// A text of SQLGetInfo, empty when the driver has none.
    func string(_ question: UInt16) -> String {
        // The length is in bytes, for the wide function too.
        ODBCText.read(isWide: isWide, capacity: 512) { room in
            _ = library.getInfo[isWide](handle, question, room, isWide ? 1024 : 512, nil)
        }
    }
}
