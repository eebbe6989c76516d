/// What the server said about a load ("Records: 3  Deleted: 0  Skipped: 1  Warnings: 1").
package struct MySQLLoadResult: Sendable, Equatable {
    /// Rows read.
    package var records = 0
    /// Old rows that REPLACE deleted.
    package var deleted = 0
    /// Rows left out: duplicates, since LOCAL means IGNORE.
    package var skipped = 0
    /// All warnings; more than one a row is possible. LOCAL also turns the errors of strict mode into warnings.
    package var warnings = 0
}

extension MySQLLoadResult {
    /// Reads mysql_info's text.
    init(_ info: String) {
        let words = info.split(separator: " ")
        for (word, next) in zip(words, words.dropFirst()) {
            switch word {
            case "Records:": records = Int(next) ?? 0
            case "Deleted:": deleted = Int(next) ?? 0
            case "Skipped:": skipped = Int(next) ?? 0
            case "Warnings:": warnings = Int(next) ?? 0
            default: break
            }
        }
    }
}

/// What the callbacks of one load share.
private final class MySQLFeed {
    let next: (UnsafeMutableRawBufferPointer) throws -> Int
    let sql: String
    var failure: (any Error)?

    init(_ sql: String, _ next: @escaping (UnsafeMutableRawBufferPointer) throws -> Int) {
        self.sql = sql
        self.next = next
    }

    static func of(_ pointer: UnsafeMutableRawPointer) -> MySQLFeed {
        Unmanaged<MySQLFeed>.fromOpaque(pointer).takeUnretainedValue()
    }
}

extension MySQLConnection {
    /// Runs LOAD DATA LOCAL INFILE 'name' with the bytes that `next` gives; no file is ever opened, so the name is free,
    /// but must be plain (`'bobbin'`): a server that asks for a name that the statement does not hold is refused.
    ///
    /// Use it inside a transaction and look at the result: LOCAL means IGNORE, so duplicates are skipped and bad values
    /// changed, with warnings. When `next` throws, the server takes what it got for the whole file; only a rollback
    /// undoes it.
    ///
    /// - Parameter next: fills the start of the buffer (some kilobytes) and returns how many bytes; 0 ends the data.
    ///   It must not use this connection.
    /// - Throws: what `next` throws, or `MySQLError`; see ``MySQLError/isLocalLoadForbidden`` for a server without
    ///   local_infile.
    package func loadData(
        _ sql: String, next: (UnsafeMutableRawBufferPointer) throws -> Int
    ) throws -> MySQLLoadResult {
        try checkUsable(sql)
        // Allowed only during this call, so that no other statement can make a rogue server read files.
        set(MySQLLibrary.Options.localInfile, number: 1)
        activity = "a load"
        defer {
            activity = nil
            set(MySQLLibrary.Options.localInfile, number: 0)
            refuseLocalFiles()
        }
        let failure: (any Error)? = withoutActuallyEscaping(next) { next in
            let feed = MySQLFeed(sql, next)
            return withExtendedLifetime(feed) {
                install(Unmanaged.passUnretained(feed).toOpaque())
                let code = sql.withCString { library.query(handle, $0, UInt(sql.utf8.count)) }
                // Whatever the server said about half a file, the reason is ours; but a lost connection stays lost.
                let said = code == 0 ? nil : error(sql)
                return feed.failure ?? said
            }
        }
        if let failure { throw failure }
        let text = library.info(handle).map { String(cString: $0) } ?? ""
        guard !text.isEmpty else {
            activity = nil
            try discardResults(sql)
            throw MySQLError(0, "this is no LOAD DATA statement: \(MySQLError.shape(of: sql))")
        }
        return MySQLLoadResult(text)
    }

    /// Makes every request of the server for a local file fail.
    func refuseLocalFiles() { install(nil) }

    /// Installs our handlers (mysql_set_local_infile_handler); without any, libmariadb would open real files.
    private func install(_ feed: UnsafeMutableRawPointer?) {
        library.setInfile(
            handle,
            { place, name, feed in
                place?.pointee = feed
                guard let feed, let name else { return 1 }
                if MySQLFeed.of(feed).sql.contains("'\(String(cString: name))'") { return 0 }
                MySQLFeed.of(feed).failure = MySQLError(0, "the server asked for another local file: refused")
                return 1
            },
            { feed, buffer, size in
                guard let feed, let buffer else { return -1 }
                let feedOf = MySQLFeed.of(feed)
                do {
                    let room = UnsafeMutableRawBufferPointer(start: buffer, count: Int(size))
                    return Int32(truncatingIfNeeded: min(Int(size), max(0, try feedOf.next(room))))
                } catch {
                    feedOf.failure = error
                    return -1
                }
            },
            { _ in },
            { _, message, size in
                // No words: the feed holds the reason. 2000 is CR_UNKNOWN_ERROR.
                if let message, size > 0 { message.pointee = 0 }
                return 2000
            },
            feed)
    }
}
