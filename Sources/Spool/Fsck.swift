internal import Manifest
internal import Storage

/// Compares a spool with its format, file by file, and mends what can be mended without losing anything.
///
/// Works on a spool in use: what looks wrong is looked at again before it is said. Memory does not grow with the number of
/// chunks, but with what one directory holds. A repair deletes nothing but what the product itself clears (trash, leases);
/// it can be killed and run again.
package final class Fsck {
    /// How thorough it is.
    package struct Options: Sendable {
        /// Mend what can be mended.
        package var repairs = false
        /// Read every chunk.
        package var isDeep = false

        /// Looks only, at names and sizes.
        package init() {}
    }

    let spool: Spool
    let options: Options
    let report: (FsckFinding) -> Void
    /// Loaders' directories by chunk in hand: `<target>/<run>/<seq>`.
    var claims: [String: String] = [:]
    /// Committed runs whose publication is not finished, and is not reported twice.
    var unpublished: Set<RunID> = []
    /// What was found.
    package private(set) var found = 0
    /// What was found and not mended.
    package private(set) var left = 0
    /// Manifests of the log that were read.
    package internal(set) var manifests = 0
    /// Chunk files that were looked at.
    package internal(set) var chunks = 0

    /// A check that tells each finding to `report`, at once.
    package init(_ spool: Spool, _ options: Options = Options(), report: @escaping (FsckFinding) -> Void) {
        self.spool = spool
        self.options = options
        self.report = report
    }

    /// Looks at everything.
    package func run() throws {
        try checkRoot()
        try checkWriting()
        try checkClaimed()
        try indexClaims()
        try checkLogs()
        try checkReady()
        try checkLoaded()
        try checkDead()
    }

    // MARK: Findings

    /// Says what is wrong and, when asked to and when there is a way, mends it.
    func finding(
        _ code: FsckFinding.Code, _ path: String, _ message: String, _ remedy: String,
        repair: (() throws -> Void)? = nil
    ) {
        var finding = FsckFinding(code: code, path: path, message: message, remedy: remedy, isRepairable: repair != nil)
        if options.repairs, let repair {
            do {
                try repair()
                finding.isRepaired = true
            } catch { finding.failure = "\(error)" }
        }
        found += 1
        if !finding.isRepaired { left += 1 }
        report(finding)
    }

    /// A name that the grammar does not know; it is ignored by everyone, so it is only in the way.
    func stranger(_ path: String) {
        // It may have been a temporary that is gone by now.
        guard let status = status(path) else { return }
        if status.kind == .symbolicLink { return symbolicLink(path) }
        let last = path.split(separator: "/").last.map(String.init) ?? path
        if last.utf8.contains(where: { (0x41...0x5A).contains($0) }), isKnown(path.lowercased()) {
            return finding(
                .misspelt, path,
                "differs from a name of the spool only in case: a copy through a filesystem that folds case?",
                "--repair moves it to quarantine/; rename it back by hand if it is the only copy"
            ) { try self.spool.quarantine(path) }
        }
        finding(
            .stranger, path, "is no name of the spool, and is ignored",
            "--repair moves it to quarantine/; remove it from there"
        ) { try self.spool.quarantine(path) }
    }

    private func isKnown(_ lowered: String) -> Bool { status(lowered) != nil || lowered.hasSuffix(".ndjson.zst") }

    /// Says that a path is a symbolic link.
    func symbolicLink(_ path: String) {
        finding(
            .symbolicLink, path, "is a symbolic link; a spool has none",
            "--repair moves the link to quarantine/; put the file itself in its place"
        ) { try self.spool.quarantine(path) }
    }

    /// The status of a path below the root; `nil` when there is nothing.
    func status(_ path: String) -> FileStatus? { try? spool.files.status("\(spool.root)/\(path)", .fsckStatus) }

    /// The names in a directory below the root. Links and files in place of the directory are reported.
    func names(_ path: String) throws -> [String] {
        guard let status = status(path) else { return [] }
        switch status.kind {
        case .directory: return try spool.listing("\(spool.root)/\(path)", .fsckList).sorted()
        case .symbolicLink: symbolicLink(path)
        case .file, .other:
            finding(.stranger, path, "is a file where a directory is due", "--repair moves it to quarantine/") {
                try self.spool.quarantine(path)
            }
        }
        return []
    }

    /// Whether a path is a file; anything else is reported.
    func isFile(_ path: String) -> Bool {
        guard let status = status(path) else { return false }
        switch status.kind {
        case .file: return true
        case .symbolicLink: symbolicLink(path)
        case .directory, .other:
            finding(.stranger, path, "is no file, though it is named like one", "--repair moves it to quarantine/") {
                try self.spool.quarantine(path)
            }
        }
        return false
    }

    /// A document that cannot be read.
    func unreadable(_ path: String, _ error: any Error) {
        let isNewer = (error as? ManifestError)?.code == .newerFormat
        finding(
            isNewer ? .manifestNewer : .manifestUnreadable, path, "\(error)",
            isNewer
                ? "use a newer bobbin on this spool"
                : "restore the file from a backup of the spool; its rows are in ready/, loaded/ or dead/ of its run, else extract again"
        )
    }

    // MARK: The root

    private func checkRoot() throws {
        for name in try names("") where !Spool.directories.contains(name) && name != "spool.json" {
            if Spool.isHarmless(name) { continue }
            if Spool.isTemporaryMarker(name) {
                finding(.leftover, name, "is left from the creation of the spool", "--repair moves it to quarantine/") {
                    try self.spool.quarantine(name)
                }
            } else {
                // Beside the spool's own directories it may be anything: a configuration, a database in use.
                finding(
                    .stranger, name, "is no name of the spool, and is ignored",
                    "it is left where it is: a spool needs a directory of its own; move one of the two elsewhere")
            }
        }
        for name in Spool.directories {
            if status(name) == nil {
                finding(.directoryMissing, name, "is missing", "--repair makes it") {
                    try self.spool.files.makeDirectory("\(self.spool.root)/\(name)", .fsckMakeDirectory)
                }
            }
        }
        for name in try names("control") {
            let job = Spool.Request.allCases.first { name.hasPrefix("\($0.rawValue).") }.map {
                name.dropFirst($0.rawValue.utf8.count + 1)
            }
            if job.map({ NameEncoding.isEncoded($0) }) != true { stranger("control/\(name)") }
        }
    }

    private func indexClaims() throws {
        for loader in try spool.listing("\(spool.root)/claimed", .fsckList) where NameEncoding.isEncoded(loader) {
            for name in try spool.listing(spool.claimed(loader), .fsckList).compactMap({ ClaimedName($0) }) {
                claims["\(name.target)/\(name.ready.run)/\(name.chunk.sequence)"] = loader
            }
        }
    }
}
