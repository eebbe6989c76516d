internal import JSON
internal import Manifest
package import Storage

/// `spool.json`, without which a spool cannot be opened.
extension Fsck {
    /// Checks the marker of the spool at `root`; the only check that works without it.
    ///
    /// - Parameter repairs: write a missing marker anew, with the id that all manifests of the log agree on.
    /// - Returns: what is wrong; `nil` when it is fine.
    package static func checkMarker(_ root: String, _ files: any FileSystem, repairs: Bool) throws -> FsckFinding? {
        let path = "\(root)/spool.json"
        var finding: FsckFinding
        do throws(StorageError) {
            let bytes = try files.contents(path, limit: 1 << 16, open: .fsckRead, read: .fsckRead, close: .fsckRead)
            do {
                let reader = try ObjectReader(try JSONValue(parsing: bytes), "spool.json")
                try reader.checkFormat()
                if RunID(try reader.string("spool")) != nil { return nil }
                finding = unreadable("its id is not 32 hex digits")
            } catch {
                finding = unreadable("\(error)")
                if let error = error as? ManifestError, error.code == .newerFormat {
                    finding.remedy = "use a newer bobbin on this spool"
                    return finding
                }
            }
        } catch {
            guard error.code == .notFound else { throw error }
            guard (try? files.status("\(root)/manifests", .fsckStatus)) != nil else {
                throw SpoolError(
                    .absent, "\(root) is not a spool (it has no spool.json and no manifests/): check --spool")
            }
            finding = FsckFinding(
                code: .markerMissing, path: "spool.json", message: "is missing, so that nothing can open the spool",
                remedy: "--repair writes it anew with the id that the manifests have; or restore it", isRepairable: true
            )
        }
        guard repairs else { return finding }
        do {
            try rewrite(root, files, finding.code == .markerUnreadable)
            finding.isRepaired = true
        } catch { finding.failure = "\(error)" }
        return finding
    }

    private static func unreadable(_ reason: String) -> FsckFinding {
        FsckFinding(
            code: .markerUnreadable, path: "spool.json", message: reason,
            remedy: "--repair sets it aside and writes it anew with the id that the manifests have", isRepairable: true)
    }

    private static func rewrite(_ root: String, _ files: any FileSystem, _ isThere: Bool) throws {
        var ids: Set<String> = []
        try collect(files, "\(root)/manifests", &ids)
        guard ids.count == 1, let id = ids.first else {
            throw SpoolError(
                .damaged,
                ids.isEmpty
                    ? "no manifest says what the id was: move \(root)/spool.json away and let the next extract make a new one"
                    : "the manifests name \(ids.count) different ids: two spools were mixed; restore spool.json by hand"
            )
        }
        if isThere { try files.rename("\(root)/spool.json", "\(root)/quarantine/spool.json", .fsckMove) }
        let text = JSONValue.record([("format", .integer(1)), ("spool", .string(id))]).serialized()
        let temporary = "\(root)/spool.json.\(id)"
        try files.writeFile(
            temporary, text + [10], mode: .replace, create: .fsckWrite, write: .fsckWrite, sync: .fsckWrite,
            close: .fsckWrite)
        try files.rename(temporary, "\(root)/spool.json", .fsckMove)
        try files.synchronizeDirectory(root, .fsckWrite)
    }

    private static func collect(_ files: any FileSystem, _ path: String, _ ids: inout Set<String>) throws {
        for name in try files.list(path, .fsckList) {
            let below = "\(path)/\(name)"
            if FileNames.parseLogEntry(name) != nil {
                let bytes = try files.contents(below, open: .fsckRead, read: .fsckRead, close: .fsckRead)
                if let manifest = try? RunManifest(decoding: bytes) { ids.insert(manifest.spool) }
            } else if (try? files.status(below, .fsckStatus))?.kind == .directory {
                try collect(files, below, &ids)
            }
        }
    }
}
