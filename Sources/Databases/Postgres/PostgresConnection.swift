/// A connection to one PostgreSQL database; used by one thread at a time, but for its ``canceller``.
package final class PostgresConnection {
    /// The oldest server that is spoken to, as PQserverVersion counts; it is the first with `tcp_user_timeout`.
    static let oldestServer = 120_000

    let library: PostgresLibrary
    let handle: OpaquePointer
    private let notices: PostgresNotices
    /// Host, port and database, for messages.
    package let place: String
    /// Ends the running statement from another thread.
    package let canceller: PostgresCanceller

    /// Connects and sets the session up.
    ///
    /// - Throws: `PostgresError`, without passwords.
    package convenience init(_ settings: PostgresSettings) throws(PostgresError) {
        try self.init(settings, library: PostgresLibrary.shared.get())
    }

    /// Connects by a library that was loaded from elsewhere.
    package init(_ settings: PostgresSettings, library: PostgresLibrary) throws(PostgresError) {
        let notices = PostgresNotices(library)
        let opening = try PostgresOpening.connect(settings, library, notices)
        self.library = library
        self.notices = notices
        handle = opening.handle
        place = opening.place
        canceller = opening.canceller
        try execute(settings.sessionSQL)
    }

    deinit {
        library.finish(handle)
    }

    /// Runs one statement or several, separated by semicolons (then in one transaction unless they say otherwise); not
    /// COPY from or to the client.
    ///
    /// - Returns: the rows that the last one changed or gave.
    @discardableResult
    package func execute(_ sql: String) throws(PostgresError) -> Int {
        try refuseNUL(sql)
        guard library.sendQuery(handle, sql) == 1 else { throw settle(sql).failure ?? error(nil, sql) }
        return try settle(sql).get(or: { error(nil, sql) }).affectedRows
    }

    /// Runs one statement with parameters `$1`, `$2`, ... (at most 65535; manual, "Command Execution Functions").
    ///
    /// It is not prepared: that would save less than 0.1 ms (measured) of a statement that runs once for a chunk, and
    /// poolers that change the server's connection between transactions lose prepared statements.
    package func query(_ sql: String, _ parameters: [PostgresValue?] = []) throws(PostgresError) -> PostgresResult {
        try refuseNUL(sql)
        // All texts in one run, each with a NUL behind it.
        var texts: [CChar] = []
        var starts: [Int?] = []
        for parameter in parameters {
            starts.append(parameter == nil ? nil : texts.count)
            guard let text = parameter?.wireText else { continue }
            try refuseNUL(text)
            texts += text.utf8.map { CChar(bitPattern: $0) }
            texts.append(0)
        }
        let isSent = texts.withUnsafeBufferPointer { texts in
            let values = starts.map { start in start.flatMap { texts.baseAddress?.advanced(by: $0) } }
            return library.sendQueryParameters(handle, sql, Int32(values.count), nil, values, nil, nil, 0) == 1
        }
        guard isSent else { throw settle(sql).failure ?? error(nil, sql) }
        return try settle(sql).get(or: { error(nil, sql) })
    }

    /// What the server has said besides its answers since the last call, at most 100 texts.
    package func takeNotices() -> [String] { notices.take() }

    func result(_ answer: OpaquePointer) -> PostgresResult { PostgresResult(library, answer, notices) }

    /// The error in `result`, or in the connection when there is none.
    func error(_ result: OpaquePointer?, _ sql: String) -> PostgresError {
        if let result {
            return PostgresError(library, result: result, isBroken: isBroken, place: place, sql: sql)
        }
        let words = library.errorMessage(handle).map { PostgresError.oneLine(String(cString: $0)) } ?? "no answer"
        return PostgresError(
            "\(place): \(words) in: \(sql.prefix(120))", kind: isBroken ? .transient : .environment)
    }

    func refuseNUL(_ text: String) throws(PostgresError) {
        // C strings end there: the server would run or store something else.
        guard !text.utf8.contains(0) else {
            throw PostgresError(
                "\(place): PostgreSQL has no NUL character (U+0000) in statements and texts", kind: .data)
        }
    }
}
