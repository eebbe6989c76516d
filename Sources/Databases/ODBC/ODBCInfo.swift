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
    /// Whether there are transactions.
    package var hasTransactions = false
    /// Whether a transaction may make and change tables like everything else; otherwise that commits, or fails.
    package var definesInTransactions = false
    /// Whether nothing can be written.
    package var isReadOnly = false
    /// Bytes or characters of the longest name of a table or column; 0 where the driver does not say.
    package var longestName = 0
    /// Bits of SQL_TXN_ISOLATION_OPTION.
    var isolationLevels: UInt32 = 0
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
    /// Takes another quote than the driver named, once the session is one in which that holds.
    package func quoteIdentifiers(with quote: String) { info.identifierQuote = quote }

    func readInfo() -> ODBCInfo {
        var info = ODBCInfo()
        info.databaseName = string(ODBCCode.Info.dbmsName)
        info.databaseVersion = string(ODBCCode.Info.dbmsVersion)
        info.driverName = string(ODBCCode.Info.driverName)
        info.driverVersion = string(ODBCCode.Info.driverVersion)
        info.currentDatabase = string(ODBCCode.Info.databaseName)
        info.identifierQuote = string(ODBCCode.Info.identifierQuote)
        info.patternEscape = string(ODBCCode.Info.searchPatternEscape)
        info.getData = bits(ODBCCode.Info.getDataExtensions)
        let transactions = short(ODBCCode.Info.transactions)
        info.hasTransactions = transactions != ODBCCode.Transactions.none
        info.definesInTransactions = transactions == ODBCCode.Transactions.withDefinitions
        info.isReadOnly = string(ODBCCode.Info.dataSourceReadOnly) == "Y"
        info.isolationLevels = bits(ODBCCode.Info.isolationLevels)
        let names = [ODBCCode.Info.longestTableName, ODBCCode.Info.longestColumnName].map { Int(short($0)) }
        info.longestName = names.filter { $0 > 0 }.min() ?? 0
        return info
    }

    /// A number of SQLGetInfo; 0 when the driver has none.
    private func bits(_ question: UInt16) -> UInt32 {
        var bits: UInt32 = 0
        _ = library.getInfo[isWide](handle, question, &bits, 4, nil)
        return bits
    }

    private func short(_ question: UInt16) -> UInt16 {
        var number: UInt16 = 0
        _ = library.getInfo[isWide](handle, question, &number, 2, nil)
        return number
    }

    /// A text of SQLGetInfo, empty when the driver has none.
    func string(_ question: UInt16) -> String {
        // The length is in bytes, for the wide function too.
        ODBCText.read(isWide: isWide, capacity: 512) { room in
            _ = library.getInfo[isWide](handle, question, room, isWide ? 1024 : 512, nil)
        }
    }
}
