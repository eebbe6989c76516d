extension ODBCConnection {
    /// Begins a transaction: from here on statements are part of it until ``end(commit:)``. Otherwise each commits by itself.
    package func begin() throws(ODBCError) {
        try checkUsable("BEGIN")
        try setAutocommit(false)
        isInTransaction = true
    }

    /// Ends the transaction (SQLEndTran).
    ///
    /// - Throws: when it is not known to have ended so; then it is still to be undone, if the connection stands.
    package func end(commit: Bool) throws(ODBCError) {
        try checkUsable("")
        let how = commit ? ODBCCode.commit : ODBCCode.rollback
        let code = library.endTransaction(ODBCCode.Handle.connection, handle, how)
        guard code == ODBCCode.Result.success || code == ODBCCode.Result.successWithInfo else {
            throw connectionError(commit ? "COMMIT" : "ROLLBACK")
        }
        isInTransaction = false
        // To turn it on commits what there is: so only now.
        try setAutocommit(true)
    }

    /// Has statements see what others have committed, and nothing else, where the database offers that. Before any transaction.
    package func readCommitted() throws(ODBCError) {
        guard info.isolationLevels & UInt32(ODBCCode.readCommitted) != 0 else { return }
        try set(ODBCCode.ConnectionAttribute.isolation, ODBCCode.readCommitted)
    }

    private func setAutocommit(_ isOn: Bool) throws(ODBCError) {
        try set(ODBCCode.ConnectionAttribute.autocommit, isOn ? 1 : 0)
    }

    private func set(_ attribute: Int32, _ value: Int) throws(ODBCError) {
        let code = library.setConnection(handle, attribute, UnsafeMutableRawPointer(bitPattern: value), 0)
        guard code == ODBCCode.Result.success || code == ODBCCode.Result.successWithInfo else {
            throw connectionError("")
        }
    }
}
