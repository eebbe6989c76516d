/// The check of a connection URL before libpq uses it: a password that is not percent-encoded ends up in pieces in the
/// host or the port, and so in messages.
enum PostgresURL {
    /// - Throws: an error without a part of the user or password.
    static func check(_ url: String, _ library: PostgresLibrary) throws(PostgresError) {
        guard let scheme = ["postgresql://", "postgres://"].first(where: url.hasPrefix) else {
            throw PostgresError("a PostgreSQL URL begins with postgresql:// or postgres://", kind: .configuration)
        }
        guard !url.utf8.contains(0) else { throw badURL("it holds a NUL character") }
        let rest = url.dropFirst(scheme.count)
        // As libpq sees it: the user ends at the first @ before the first slash.
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let path = rest[slash...].prefix { $0 != "?" }
        guard rest[..<slash].count(where: { $0 == "@" }) <= 1, !path.contains("@") else {
            throw badURL("user, password and database must be percent-encoded (@ as %40, / as %2F)")
        }
        guard fault(url, library) != nil else { return }
        // libpq quotes the faulty part: that is safe to show when the URL is faulty without its user as well.
        let bare = scheme + (rest.lastIndex(of: "@").map { rest[rest.index(after: $0)...] } ?? rest)
        guard let words = fault(bare, library), !bare.contains("password") else {
            throw badURL("user and password must be percent-encoded (% as %25)")
        }
        throw badURL(words)
    }

    private static func fault(_ url: String, _ library: PostgresLibrary) -> String? {
        var words: UnsafeMutablePointer<CChar>?
        if let options = library.conninfoParse(url, &words) {
            library.conninfoFree(options)
            return nil
        }
        defer { library.freeMemory(words) }
        return words.map { PostgresError.oneLine(String(cString: $0)) } ?? "out of memory"
    }

    private static func badURL(_ why: String) -> PostgresError {
        PostgresError("the PostgreSQL URL cannot be read: \(why)", kind: .configuration)
    }
}
