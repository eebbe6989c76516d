/// Where a DuckDB database is, and how much of the machine it may use.
package struct DuckDBSettings: Sendable, Hashable {
    /// The path of a database in memory.
    package static let memory = ":memory:"

    /// The database file; made when absent.
    package var path: String
    /// The library; a name without a slash is looked for as the dynamic linker does.
    package var library = DuckDBLibrary.usualFile
    /// Bytes that DuckDB may use, beyond which it writes to a directory beside the file; nil leaves the choice to DuckDB (80 % of
    /// the machine).
    package var memoryLimit: Int?
    /// Threads of a query; nil is one for each core.
    package var threads: Int?
    /// Whether nothing is written: several processes may read one file at once, if none writes.
    package var isReadOnly = false

    /// A file with everything else as DuckDB has it.
    package init(path: String) { self.path = path }
}
