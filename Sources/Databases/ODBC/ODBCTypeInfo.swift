/// A type of the database, as its driver tells (Microsoft, "ODBC API Reference", SQLGetTypeInfo).
package struct ODBCTypeInfo: Sendable, Equatable {
    /// As it is written in CREATE TABLE.
    package let name: String
    /// The SQL type's number.
    package let type: Int
    /// Digits, characters or bytes at most; 0 where the driver does not say.
    package let size: Int
    /// What stands in parentheses after the name, such as `precision,scale`; empty when nothing does.
    package let parameters: String
}

extension ODBCConnection {
    /// The database's types, for each SQL type the closest one first.
    package func types() throws(ODBCError) -> [ODBCTypeInfo] {
        let statement = try ODBCStatement(self, "")
        try statement.check(library.typeInfo[isWide](statement.handle, ODBCCode.allTypes))
        return try all(statement).rows.compactMap { row in
            guard row.count > 5, let name = row[0], let type = row[1].flatMap({ Int($0) }) else { return nil }
            return ODBCTypeInfo(
                name: name, type: type, size: row[2].flatMap { Int($0) } ?? 0, parameters: row[5] ?? "")
        }
    }
}
