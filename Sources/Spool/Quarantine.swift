internal import Manifest
internal import Storage

extension Spool {
    /// Moves a file out of the way, into `quarantine/<its path, encoded>`; nothing there is ever overwritten.
    ///
    /// A directory is emptied file by file, then removed: only files are renamed.
    /// - Parameter path: below the spool's root.
    /// - Returns: the new path of a file below the root; `nil` when nothing was there any more.
    @discardableResult
    package func quarantine(_ path: String) throws -> String? {
        try? files.makeDirectory("\(root)/quarantine", .fsckMakeDirectory)
        let status: FileStatus
        do { status = try files.status("\(root)/\(path)", .fsckStatus) } catch {
            if error.code == .notFound { return nil }
            throw error
        }
        if status.kind == .directory {
            for name in try listing("\(root)/\(path)", .fsckList) { try quarantine("\(path)/\(name)") }
            do throws(StorageError) { try files.removeDirectory("\(root)/\(path)", .fsckMove) } catch {
                if error.code != .notFound, error.code != .notEmpty { throw error }
            }
            return nil
        }
        let base = encode(path)
        var name = base
        var copy = 1
        while (try? files.status("\(root)/quarantine/\(name)", .fsckStatus)) != nil {
            copy += 1
            name = "\(base.utf8.count > 180 ? encode(path + "#\(copy)") : base).\(copy)"
        }
        do throws(StorageError) { try files.rename("\(root)/\(path)", "\(root)/quarantine/\(name)", .fsckMove) } catch {
            if error.code == .notFound { return nil }
            throw error
        }
        return "quarantine/\(name)"
    }
}
