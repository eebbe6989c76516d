internal import Chunk
internal import JSON
package import Manifest
package import Storage

/// A spool directory: the durable queue between extractors and loaders. Format: `docs/spool-format.md`.
///
/// A value of constants; all state lies in the directory. Its moves are extensions, one file each.
package final class Spool: Sendable {
    /// The directory.
    package let root: String
    /// The id in `spool.json`, 32 lower-case hex digits.
    package let id: String
    package let files: any FileSystem
    package let clock: any Clock
    package let host: any HostProcesses
    /// 128 random bits a call; seeded in tests.
    package let random: @Sendable () -> (UInt64, UInt64)
    /// Seconds after which a lease that does not change is expired.
    package let leaseSeconds: Double

    /// The directories of a spool, made at its creation.
    package static let directories = [
        "writing", "trash", "manifests", "ready", "claimed", "loaded", "dead", "quarantine", "control",
    ]

    /// Whether a name may lie beside the spool's own ones: what people, version control and file systems put there.
    static func isHarmless(_ name: String) -> Bool {
        name == "README.md" || name == "lost+found" || name.hasPrefix(".")
    }

    /// Whether a name is left from a creation of the spool that was interrupted.
    static func isTemporaryMarker(_ name: String) -> Bool {
        name.hasPrefix("spool.json.") && RunID(String(name.dropFirst(11))) != nil
    }

    /// Opens the spool at `root`, making it when it is absent; a directory that holds anything else is refused.
    ///
    /// - Parameters:
    ///   - create: whether an absent spool is made; otherwise its absence is an error.
    /// - Throws: `SpoolError`, `StorageError`.
    package init(
        root: String, create: Bool, files: any FileSystem, clock: any Clock, host: any HostProcesses,
        random: @escaping @Sendable () -> (UInt64, UInt64), leaseSeconds: Double = 30
    ) throws {
        self.root = root
        self.files = files
        self.clock = clock
        self.host = host
        self.random = random
        self.leaseSeconds = leaseSeconds
        if let found = try Spool.readMarker(root, files) {
            id = found
            // Who made it may have died before it was durable; another id after a power cut would belong to none of what is made now.
            if create { try files.synchronizeDirectory(root, .spoolSyncDirectory) }
        } else {
            guard create else {
                throw SpoolError(
                    .absent, "\(root) is not a spool (it has no spool.json): check --spool, or run an extract")
            }
            id = try Spool.make(root, files, random)
        }
    }

    private static func readMarker(_ root: String, _ files: any FileSystem) throws -> String? {
        let bytes: [UInt8]
        do {
            bytes = try files.contents(
                "\(root)/spool.json", limit: 1 << 16, open: .spoolReadMarker, read: .spoolReadMarker,
                close: .spoolReadMarker)
        } catch {
            if error.code == .notFound { return nil }
            throw error
        }
        do {
            let reader = try ObjectReader(try JSONValue(parsing: bytes), "\(root)/spool.json")
            try reader.checkFormat()
            return try reader.string("spool")
        } catch let error as ManifestError {
            throw SpoolError(.damaged, error.message)
        } catch {
            throw SpoolError(.damaged, "\(root)/spool.json is damaged: restore it, the spool's id is in every manifest")
        }
    }

    /// A spool shares its directory with nothing: what lies there belongs to somebody else.
    private static func refuseStrangers(_ root: String, _ files: any FileSystem) throws {
        let names: [String]
        do { names = try files.list(root, .spoolReadMarker) } catch {
            if error.code == .notFound { return }
            throw error
        }
        let stranger = names.sorted().first { name in
            !directories.contains(name) && name != "spool.json" && !isTemporaryMarker(name) && !isHarmless(name)
        }
        guard let stranger else { return }
        throw SpoolError(
            .absent,
            "\(root) is no spool and not empty (it holds \(stranger)): give the spool a directory of its own, "
                + "by `spool` in the configuration or by --spool")
    }

    private static func make(
        _ root: String, _ files: any FileSystem, _ random: () -> (UInt64, UInt64)
    ) throws -> String {
        try refuseStrangers(root, files)
        let components = root.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
        let base = root.hasPrefix("/") ? "" : "."
        try files.makeDirectories(base, components, .spoolMakeDirectory, sync: nil)
        for name in directories {
            do throws(StorageError) { try files.makeDirectory("\(root)/\(name)", .spoolMakeDirectory) } catch {
                if error.code != .exists { throw error }
            }
        }
        let bits = random()
        let id = HexDigits.render(bits.0) + HexDigits.render(bits.1)
        let temporary = "\(root)/spool.json.\(id)"
        let text = JSONValue.record([("format", .integer(1)), ("spool", .string(id))]).serialized()
        try files.writeFile(
            temporary, text + [10], create: .spoolCreateMarker, write: .spoolWriteMarker, sync: .spoolSyncMarker,
            close: .spoolCloseMarker)
        // Where the marker is, the directories are, whatever happens in between.
        try files.synchronizeDirectory(root, .spoolSyncDirectory)
        do throws(StorageError) { try files.link(temporary, "\(root)/spool.json", .spoolLinkMarker) } catch {
            if error.code != .exists { throw error }
        }
        try files.unlink(temporary, .spoolUnlinkTemporary)
        try files.synchronizeDirectory(root, .spoolSyncDirectory)
        // Somebody else may have been first: the file says who won.
        guard let winner = try readMarker(root, files) else {
            throw SpoolError(.damaged, "\(root)/spool.json vanished while it was made: another program cleans \(root)")
        }
        return winner
    }

    /// A name from outside as one path component.
    package func encode(_ name: String) -> String {
        NameEncoding.encode(name) { bytes in bytes.withUnsafeBytes { SHA256Stream.digest(of: $0).description } }
    }

    /// A new run id by this host's clock.
    package func newRun() -> RunID {
        RunID(milliseconds: UInt64(max(0, clock.now())), random: random())
    }

    /// Now, as documents carry it.
    package var timestamp: String { Timestamp.render(clock.now()) }
}

/// Why the spool cannot do what was asked.
package struct SpoolError: Error, Sendable, CustomStringConvertible {
    /// What a caller tells apart.
    package enum Code: Sendable {
        /// There is no spool, or none can be made here.
        case absent
        /// A document is missing or damaged.
        case damaged
        /// This process lost its lease.
        case leaseLost
        /// What was asked contradicts the spool's state.
        case refused
    }

    /// The cause.
    package let code: Code
    /// What happened, where, and what to do next.
    package let message: String

    /// An error in words.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
