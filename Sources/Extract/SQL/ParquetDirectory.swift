internal import Databases
internal import Manifest
package import Storage

/// A directory of Parquet files to read: a file is a table, and so is a directory of files, its `key=value` directories columns.
package struct ParquetDirectory {
    private let path: String
    private let files: any FileSystem

    /// Looks at nothing yet.
    package init(_ path: String, files: any FileSystem) {
        self.path = path
        self.files = files
    }

    /// Gives each table a name in a session: that of its file, without `.parquet` and as Bobbin's targets spell it.
    ///
    /// What begins with a dot or an underscore is passed over, as everybody does who reads such directories, and so is what
    /// DuckDB cannot read: to ask for it says that it is not there.
    func makeViews(_ connection: DuckDBConnection) throws {
        for name in try files.list(path, .sourceList).sorted() where !name.hasPrefix(".") && !name.hasPrefix("_") {
            let isFile = name.hasSuffix(".parquet")
            // Names of files are patterns to DuckDB.
            let place = ParquetDirectory.escaped("\(path)/\(name)") + (isFile ? "" : "/**/*.parquet")
            let table = isFile ? ParquetDirectory.table(String(name.dropLast(8))) : name
            guard let quoted = try? DuckDBConnection.quote(identifier: table) else { continue }
            let options = isFile ? "hive_partitioning = false" : "hive_partitioning = true, union_by_name = true"
            do {
                try connection.execute(
                    "CREATE VIEW \(quoted) AS SELECT * FROM read_parquet(\(DuckDBConnection.quote(literal: place)), \(options))"
                )
            } catch {
                guard !connection.isBroken else { throw error }
            }
        }
    }

    private static func escaped(_ path: String) -> String {
        path.reduce(into: "") { text, character in
            text += "*?[".contains(character) ? "[\(character)]" : String(character)
        }
    }

    private static func table(_ name: String) -> String {
        // What was cut cannot be had back.
        guard NameEncoding.isEncoded(name), !name.contains("~"), name.contains("%") else { return name }
        var bytes: [UInt8] = []
        var rest = name.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let code = UInt8(String(rest.prefix(2)) ?? "", radix: 16) {
                bytes.append(code)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
