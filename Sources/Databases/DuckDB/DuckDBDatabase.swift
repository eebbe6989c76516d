internal import Glibc
internal import Synchronization

/// The files that this process has open, each once.
///
/// DuckDB locks a file for its process (fcntl), so that a second opening in the same process would pass the lock and spoil the
/// file: connections of one process share one database. The settings of the first one count.
struct DuckDBDatabase: Sendable {
    private struct Entry: Sendable {
        var address: UInt
        var users: Int
    }

    private static let entries = Mutex<[String: Entry]>([:])
    /// Files whose log was not empty when this process opened them: the last one that wrote there was killed. They stay here when
    /// they are closed, which empties the log, until somebody has mended what that did.
    private static let leftOpen = Mutex<Set<String>>([])

    /// Empty of one in memory.
    private let key: String
    private let library: DuckDBLibrary
    private let address: UInt

    /// The handle.
    var handle: OpaquePointer? { OpaquePointer(bitPattern: address) }

    /// Opens a file, or shares it.
    static func open(_ settings: DuckDBSettings, _ library: DuckDBLibrary) throws(DuckDBError) -> DuckDBDatabase {
        // One in memory is for who opens it.
        if settings.path == DuckDBSettings.memory {
            return DuckDBDatabase(key: "", library: library, address: try make(settings, library))
        }
        let key = identity(settings.path)
        let opened: Result<UInt, DuckDBError> = entries.withLock { entries in
            if var entry = entries[key] {
                entry.users += 1
                entries[key] = entry
                return .success(entry.address)
            }
            do throws(DuckDBError) {
                let wasLeftOpen = hasLog(settings.path)
                let address = try make(settings, library)
                if wasLeftOpen { leftOpen.withLock { _ = $0.insert(key) } }
                entries[key] = Entry(address: address, users: 1)
                return .success(address)
            } catch {
                return .failure(error)
            }
        }
        return DuckDBDatabase(key: key, library: library, address: try opened.get())
    }

    /// Gives the file back; the last one closes it, which writes the log back into the file.
    func close() {
        if key.isEmpty {
            var handle = OpaquePointer(bitPattern: address)
            return library.close(&handle)
        }
        DuckDBDatabase.entries.withLock { entries in
            guard var entry = entries[key], entry.address == address else { return }
            entry.users -= 1
            entries[key] = entry.users > 0 ? entry : nil
            if entry.users == 0 {
                var handle = OpaquePointer(bitPattern: address)
                library.close(&handle)
            }
        }
    }

    /// Whether the last process that wrote to the file did not close it, and nobody has said ``mended()`` since.
    var wasLeftOpen: Bool { DuckDBDatabase.leftOpen.withLock { $0.contains(key) } }

    /// What reading the log again has spoiled is whole again.
    func mended() { DuckDBDatabase.leftOpen.withLock { _ = $0.remove(key) } }

    /// Whether there is a write-ahead log with something in it.
    private static func hasLog(_ path: String) -> Bool {
        var status = stat()
        return stat("\(path).wal", &status) == 0 && status.st_size > 0
    }

    private static func make(_ settings: DuckDBSettings, _ library: DuckDBLibrary) throws(DuckDBError) -> UInt {
        var config: OpaquePointer?
        guard library.createConfig(&config) == 0, let made = config else {
            throw DuckDBError(.environment, "\(settings.path): out of memory")
        }
        defer { library.destroyConfig(&config) }
        // Nothing is fetched from the network behind anybody's back, and times have no zone but UTC.
        var options = [
            ("autoinstall_known_extensions", "false"), ("access_mode", settings.isReadOnly ? "READ_ONLY" : "AUTOMATIC"),
        ]
        if let limit = settings.memoryLimit { options.append(("memory_limit", "\(limit)B")) }
        if let threads = settings.threads { options.append(("threads", "\(threads)")) }
        for (name, value) in options where library.setConfig(made, name, value) != 0 {
            throw DuckDBError(.configuration, "\(settings.path): DuckDB does not take \(name)=\(value)")
        }
        var database: OpaquePointer?
        var words: UnsafeMutablePointer<CChar>?
        guard library.open(settings.path, &database, made, &words) == 0, let database else {
            let text = words.map { String(cString: $0) } ?? "cannot be opened"
            library.free(words)
            throw DuckDBError(place: settings.path, text)
        }
        return UInt(bitPattern: database)
    }

    /// One text for all spellings of a path.
    private static func identity(_ path: String) -> String {
        func resolved(_ path: String) -> String? {
            guard let found = realpath(path, nil) else { return nil }
            defer { free(found) }
            return String(cString: found)
        }
        if let known = resolved(path) { return known }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let directory = parts.dropLast().joined(separator: "/")
        let parent = resolved(directory.isEmpty ? (path.hasPrefix("/") ? "/" : ".") : directory) ?? directory
        return "\(parent)/\(parts.last ?? "")"
    }
}
