internal import Glibc

/// What is known of a driver that the interface does not say. Tried with psqlodbc 13.02 (odbc-postgresql), MariaDB
/// Connector/ODBC 3.1.15 (odbc-mariadb) and sqliteodbc 0.9998 (libsqliteodbc) under unixODBC 2.3.11.
///
/// - **psqlodbc**, Unicode version: SQL_C_CHAR is UTF-8 in the C locale and in UTF-8 locales; elsewhere it bends texts.
///   Without `UseDeclareFetch` it keeps the whole result in memory. Dates BC come as the same dates AD (timestamps with the
///   year's sign), `infinity` as 9999-12-31: cast such columns to text. With its default for errors (`Protocol=7.4-2`) it undoes,
///   now and then, the whole transaction without a word; with 7.4-0 a transaction waits for ROLLBACK after an error, as
///   PostgreSQL means it.
/// - **MariaDB**: SQL_C_CHAR is UTF-8 in every locale. 0000-00-00 comes as NULL, unless cast to text. Results are kept in
///   memory before 3.1.17, which has `NO_CACHE`. SQLGetData after SQLSetPos reads another row, and a bound text of UTF-16 that
///   does not fit is an error.
///   A value that a column refuses with a warning's SQLSTATE (1265, 01000: no member of an ENUM) is told as a success with
///   information; the statement's rows are not there.
///   When a statement is run with an array after it was run with another size, or with none, rows get lost, and texts are read
///   from memory that is no longer theirs.
/// - **sqliteodbc**: has no wide functions; its texts are UTF-8, and as UTF-16 it loses planes above the second. Without
///   `StepAPI` it keeps the whole result. No length that it declares holds. Doubles come with 15 digits, and what is no
///   number in a column of numbers comes as NULL. After an empty or missing value in an array of parameters of bytes it takes
///   those of another row.
struct ODBCDriver: Sendable {
    /// Whether it has the wide functions; nil when that is not known.
    var isWide: Bool?
    /// Whether SQL_C_CHAR is UTF-8 both ways, in the process's locale.
    var textIsUTF8 = false
    /// Whether declared lengths of texts and bytes are limits.
    var lengthsHold = true
    /// Whether a text of UTF-16 may be longer than the buffer that is bound to it.
    var cutsWideTexts = true
    /// Whether what is longer than its buffer can be had by SQLSetPos and SQLGetData.
    var positionsInBlocks = true
    /// Whether an error without an open transaction leaves one that must be ended.
    var leavesAborted = false
    /// Whether rows of an array get each other's bytes, or other memory's.
    var mixesArrays = false
    /// Whether an error of the server whose SQLSTATE is of the class of warnings is called a success.
    var softensErrors = false
    /// Keywords that make it stream and keep types apart.
    private var options: [(key: String, value: String)] = []
    /// Keywords for a connection that writes.
    private var writingOptions: [(key: String, value: String)] = []

    /// Keywords that the connection string gets, unless it has them.
    func options(isWriting: Bool) -> [(key: String, value: String)] { isWriting ? writingOptions : options }

    /// A driver by its library's name or its name in odbcinst.ini; what is not known is trusted to follow the standard.
    init(_ name: String) {
        let name = name.lowercased()
        if name.contains("psqlodbc") || name.contains("postgres") {
            isWide = !name.contains("psqlodbca")
            leavesAborted = true
            textIsUTF8 = Self.localeIsUTF8
            options = [
                ("UseDeclareFetch", "1"), ("Fetch", "1000"), ("BoolsAsChar", "0"), ("UnknownsAsLongVarchar", "1"),
                ("LFConversion", "0"), ("Protocol", "7.4-0"),
            ]
            // Without cursors: they would end with the transaction, or keep it open. Parameters go to the server as such.
            writingOptions = [
                ("UseDeclareFetch", "0"), ("UseServerSidePrepare", "1"), ("BoolsAsChar", "0"),
                ("UnknownsAsLongVarchar", "1"), ("LFConversion", "0"), ("Protocol", "7.4-0"),
            ]
        } else if name.contains("maodbc") || name.contains("mariadb") {
            isWide = true
            softensErrors = true
            textIsUTF8 = true
            positionsInBlocks = false
            cutsWideTexts = false
            mixesArrays = true
            options = [("FORWARDONLY", "1"), ("NO_CACHE", "1")]
        } else if name.contains("sqlite") {
            isWide = false
            textIsUTF8 = true
            lengthsHold = false
            mixesArrays = true
            options = [("StepAPI", "1")]
            writingOptions = [("SyncPragma", "FULL")]
        }
    }

    /// Whether the process's character set is UTF-8, or the C locale's, in which drivers leave bytes as they are. Programs
    /// start in the C locale, whatever the environment says, and leave it only by setlocale.
    static var localeIsUTF8: Bool {
        guard let name = setlocale(LC_CTYPE, nil) else { return true }
        let text = String(cString: name)
        return text == "C" || text == "POSIX" || text.uppercased().contains("UTF-8")
            || text.uppercased().contains("UTF8")
    }

    /// Whether a driver that is loaded has the wide functions, by the name of its file; nil when none of these is loaded.
    ///
    /// Asking the driver manager itself is no way: SQLNativeSqlW with a driver that has none writes beyond its memory.
    static func hasWideFunctions(_ files: [String]) -> Bool? {
        // dl_iterate_phdr(3), which Swift's Glibc leaves out; the second field of what it hands over is the file's name.
        typealias Visit = @convention(c) (UnsafeRawPointer?, Int, UnsafeMutableRawPointer?) -> Int32
        typealias Iterate = @convention(c) (Visit, UnsafeMutableRawPointer?) -> Int32
        guard let address = dlsym(nil, "dl_iterate_phdr") else { return nil }
        let iterate = unsafeBitCast(address, to: Iterate.self)
        var search = ODBCDriverSearch(files: files.filter { !$0.isEmpty })
        withUnsafeMutablePointer(to: &search) { search in
            _ = iterate(
                { object, _, context in
                    guard let name = object?.load(fromByteOffset: 8, as: UnsafePointer<CChar>?.self), let context else {
                        return 0
                    }
                    let path = String(cString: name)
                    let search = context.assumingMemoryBound(to: ODBCDriverSearch.self)
                    guard let file = path.split(separator: "/").last, search.pointee.files.contains(String(file)) else {
                        return 0
                    }
                    search.pointee.path = path
                    return 1
                }, search)
        }
        guard let path = search.path, let handle = dlopen(path, RTLD_LAZY | RTLD_NOLOAD) else { return nil }
        defer { dlclose(handle) }
        return dlsym(handle, "SQLDriverConnectW") != nil
    }
}

/// What the search through the loaded files looks for and finds.
private struct ODBCDriverSearch {
    var files: [String]
    var path: String?
}
