extension PostgresConnection {
    /// Where a connection stands in its transaction (manual, PQtransactionStatus).
    package enum TransactionStatus: Int32, Sendable {
        case idle = 0
        /// A statement runs, such as COPY.
        case active = 1
        case open = 2
        /// Nothing but a rollback is possible.
        case failed = 3
        /// The connection is broken.
        case unknown = 4
    }

    /// The transaction's state.
    package var transactionStatus: TransactionStatus {
        TransactionStatus(rawValue: library.transactionStatus(handle)) ?? .unknown
    }

    /// Whether the connection is lost; a new one is to be made.
    package var isBroken: Bool { library.status(handle) != PostgresConstants.connectionOK }

    /// The server's version: major * 10000 + minor.
    package var serverVersion: Int { Int(library.serverVersion(handle)) }

    /// Why a server of this version is refused; `nil` when it is not.
    package static func refusal(serverVersion version: Int) -> String? {
        guard version < oldestServer else { return nil }
        let number = version >= 100_000 ? "\(version / 10_000)" : "\(version / 10_000).\(version / 100 % 100)"
        return "the server is PostgreSQL \(number): bobbin needs \(oldestServer / 10_000) or later"
    }
}

/// What came back for one request: the last result and the first error.
struct PostgresAnswer {
    var result: PostgresResult?
    var failure: PostgresError?

    func get(or missing: () -> PostgresError) throws(PostgresError) -> PostgresResult {
        if let failure { throw failure }
        guard let result else { throw missing() }
        return result
    }
}

extension PostgresConnection {
    /// Reads all answers to what was sent, so that the connection can be used again; ends a COPY that is under way.
    ///
    /// The first error counts: a server that ends the connection says why, and then libpq adds that it is gone.
    func settle(_ sql: String) -> PostgresAnswer {
        var answer = PostgresAnswer()
        while let raw = library.getResult(handle) {
            switch library.resultStatus(raw) {
            case PostgresConstants.copyIn:
                library.clear(raw)
                answer.failure = answer.failure ?? misplacedCopy(sql)
                if library.putCopyEnd(handle, "not expected here") != 1 { return answer }
            case PostgresConstants.copyOut:
                library.clear(raw)
                answer.failure = answer.failure ?? misplacedCopy(sql)
                while let row = copyRow().start { library.freeMemory(row) }
            case PostgresConstants.fatalError, PostgresConstants.badResponse:
                answer.failure = answer.failure ?? error(raw, sql)
                library.clear(raw)
            default:
                answer.result = result(raw)
            }
        }
        return answer
    }

    private func misplacedCopy(_ sql: String) -> PostgresError {
        PostgresError("\(place): COPY needs its own call in: \(sql.prefix(120))", kind: .configuration)
    }

    /// Waits for the next row of COPY TO; without a start at the end or upon an error, whose result comes next.
    func copyRow() -> (start: UnsafeMutablePointer<CChar>?, count: Int) {
        var start: UnsafeMutablePointer<CChar>?
        let count = library.getCopyData(handle, &start, 0)
        return (start, Int(max(0, count)))
    }
}
