internal import Databases

/// Tries a DuckDB target: the library, whether the file can be opened, and what stands in it.
struct DuckDBProbe {
    private let name: String
    private let settings: DuckDBSettings

    init(name: String, _ settings: DuckDBSettings) {
        self.name = name
        self.settings = settings
    }

    func run() -> [Check] {
        do {
            let version = try DuckDBLibrary.load(settings.library).version
            let library = Check("target \(name) library", .good, "\(settings.library) is DuckDB \(version)")
            return [library] + [file()]
        } catch {
            return [Check("target \(name)", .problem, "\(error)")]
        }
    }

    private func file() -> Check {
        do {
            // Read only, so that a file that is not there is not made, and nothing is written back.
            var reading = settings
            reading.isReadOnly = true
            let connection = try DuckDBConnection(reading)
            _ = try connection.query("SELECT count(*) FROM duckdb_tables()")
            return Check("target \(name)", .good, "\(settings.path) can be opened")
        } catch {
            if error.isMissingFile {
                return Check("target \(name)", .good, "\(settings.path) is not there yet; the first load makes it")
            }
            let verdict: Check.Verdict = error.kind == .transient ? .warning : .problem
            return Check("target \(name)", verdict, "\(error)")
        }
    }
}
