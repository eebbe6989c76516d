internal import Databases
internal import Load
internal import Storage

/// Tries a target that is a directory of Parquet files: the directory, the library, and the DuckDB file in it.
struct ParquetProbe {
    private let name: String
    private let settings: DuckDBSettings
    private let files = POSIXFileSystem()

    init(name: String, _ settings: DuckDBSettings) {
        self.name = name
        self.settings = settings
    }

    func run() -> [Check] {
        var own = settings
        own.path = "\(settings.path)/\(ParquetTarget.database)"
        return [directory()] + DuckDBProbe(name: name, own).run()
    }

    private func directory() -> Check {
        let title = "target \(name) directory"
        do {
            let count = try files.list(settings.path, .doctorProbe).filter { $0.hasSuffix(".parquet") }.count
            return Check(title, .good, "\(settings.path) can be read; \(Format.count(count)) Parquet files")
        } catch {
            if error.code == .notFound {
                return Check(title, .good, "\(settings.path) is not there yet; the first load makes it")
            }
            return Check(title, .problem, "\(error)")
        }
    }
}
