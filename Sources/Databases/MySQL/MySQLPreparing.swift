extension MySQLConnection {
    /// Prepares one statement.
    package func prepare(_ sql: String) throws(MySQLError) -> MySQLStatement {
        try checkUsable(sql)
        guard let statement = library.statementCreate(handle) else { throw error(sql) }
        let code = sql.withCString { library.statementPrepare(statement, $0, UInt(sql.utf8.count)) }
        guard code == 0 else {
            let failure = failure(
                library.statementErrorNumber(statement), library.statementErrorState(statement),
                library.statementErrorText(statement), sql)
            _ = library.statementClose(statement)
            throw failure
        }
        return MySQLStatement(statement, self, sql)
    }
}
