package import Manifest
internal import Storage

/// A loader's place in the spool: its directory, its lease, and the moves of the chunks it claims (L1, L3).
package final class LoaderSeat: Sendable {
    /// The loader's unique id, also its directory's name.
    package let id: String
    package let spool: Spool
    private let heart: Heart

    /// Takes a new seat.
    ///
    /// - Parameter deadline: seconds within which each piece of work must end, or the lease is let go.
    package init(_ spool: Spool, heart: Heart, deadline: Double) throws {
        self.spool = spool
        self.heart = heart
        let process = spool.host.current
        id = spool.encode("\(process.host.prefix(40))-\(process.pid)-" + HexDigits.render(spool.random().0).suffix(8))
        try spool.makeLeased(
            spool.claimed(id), .seatMakeDirectory, heart: heart, Lease(process: process), deadline: deadline)
    }

    private var leasePath: String { "\(spool.claimed(id))/\(FileNames.lease)" }

    /// Whether this loader's lease still stands; without it, it must take a new seat.
    package var isHeld: Bool { heart.holds(leasePath) }

    /// The work goes on.
    package func touch() { heart.touch(leasePath) }

    /// Names the chunk in work: only this one is charged when the loader dies.
    package func setWork(_ chunk: ClaimedName?) { heart.setWork(leasePath, chunk?.text) }

    private func path(_ name: ClaimedName) -> String { "\(spool.claimed(id))/\(name.text)" }

    /// The path of a claimed chunk.
    package func path(of name: ClaimedName) -> String { path(name) }

    // MARK: The token of a single-writer target

    /// Takes the token of `target`; `false` when another loader has it.
    package func takeWriter(_ target: String) throws -> Bool {
        let held = "\(spool.claimed(id))/\(FileNames.heldWriter(target))"
        let free = "\(spool.ready(target))/\(FileNames.writer)"
        for attempt in 0..<2 {
            do {
                try spool.files.rename(free, held, .tokenClaim)
                return true
            } catch {
                if error.code != .notFound { throw error }
                // The answer may have been lost: our own name decides.
                if (try? spool.files.status(held, .claimCheck)) != nil { return true }
            }
            if attempt > 0 { return false }
            if try writerHolder(target) != nil { return false }
            // Nobody holds it and it does not lie there: it was never made. Should two be made at once, the ledger
            // still decides, and the next release makes them one again.
            do {
                let file = try spool.files.open(free, .create, .tokenCreate)
                try spool.files.close(file, .tokenClose)
            } catch {
                if error.code == .notFound { return false }
                if error.code != .exists { throw error }
            }
        }
        return false
    }

    /// The loader that holds the token of `target`, if any.
    package func writerHolder(_ target: String) throws -> String? {
        for loader in try spool.files.list("\(spool.root)/claimed", .seatList) where NameEncoding.isEncoded(loader) {
            if (try? spool.files.status("\(spool.claimed(loader))/\(FileNames.heldWriter(target))", .claimCheck)) != nil
            {
                return loader
            }
        }
        return nil
    }

    /// Gives the token back.
    package func releaseWriter(_ target: String) throws {
        do {
            try spool.files.rename(
                "\(spool.claimed(id))/\(FileNames.heldWriter(target))", "\(spool.ready(target))/\(FileNames.writer)",
                .tokenRelease)
        } catch { if error.code != .notFound { throw error } }
    }

    // MARK: Chunks

    /// Claims a waiting chunk by renaming it to a name no one else can use; `nil` when the race is lost.
    package func claim(_ chunk: ReadyChunkName, of ready: ReadyName, target: String) throws -> ClaimedName? {
        let name = ClaimedName(ready: ready, chunk: chunk, target: target)
        do {
            try spool.files.rename("\(spool.ready(target, ready))/\(chunk.text)", path(name), .claimChunk)
            return name
        } catch {
            // ENOENT is ambiguous where the reply can be lost: a fresh open of the own name settles it.
            guard error.code == .notFound || error.code == .stale || error.code == .inputOutput else { throw error }
            do {
                let file = try spool.files.open(path(name), .read, .claimOpen)
                try spool.files.close(file, .claimClose)
                return name
            } catch let second {
                if second.code == .notFound, error.code == .notFound { return nil }
                throw error
            }
        }
    }

    /// Gives a chunk back to the queue, or to the archive when its run has ended meanwhile.
    package func handBack(_ name: ClaimedName, as chunk: ReadyChunkName) throws {
        do {
            try spool.files.rename(
                path(name), "\(spool.ready(name.target, name.ready))/\(chunk.text)", .handBack)
        } catch {
            guard error.code == .notFound else { throw error }
            if (try? spool.files.status(path(name), .claimCheck)) == nil { return }
            try retire(name)
        }
    }

    /// Moves a chunk whose rows are in the target to `loaded/` (L3).
    package func retire(_ name: ClaimedName) throws {
        try spool.moveToLoaded(path(name), name.target, name.ready.run, name.chunk.sequence)
    }

    /// Moves a chunk to `dead/`, its reason first, so that none lies there without one.
    package func bury(_ name: ClaimedName, why: DeadReason) throws {
        let directory = spool.dead(name.target, name.ready.run)
        do throws(StorageError) { try spool.files.makeDirectory(directory, .buryMakeDirectory) } catch {
            if error.code != .exists { throw error }
        }
        try spool.files.writeFile(
            "\(directory)/\(FileNames.why(name.chunk.sequence))", why.encoded(), mode: .replace,
            create: .buryWhyCreate, write: .buryWhyWrite, sync: .buryWhySync, close: .buryWhyClose)
        do {
            try spool.files.rename(
                path(name), "\(directory)/\(FileNames.chunk(name.chunk.sequence))", .buryChunk)
        } catch { if error.code != .notFound { throw error } }
        try spool.files.synchronizeDirectory(directory, .burySyncDirectory)
    }

    /// What lies in the own directory besides the lease: work, or claims whose answer was lost.
    package func holdings() throws -> [ClaimedName] {
        try spool.files.list(spool.claimed(id), .seatList).compactMap { ClaimedName($0) }
    }

    /// Hands everything back and leaves.
    package func leave() throws {
        for name in try holdings() { try handBack(name, as: name.chunk) }
        for name in try spool.files.list(spool.claimed(id), .seatList) {
            if let target = FileNames.parseHeldWriter(name) {
                try releaseWriter(target)
            } else if name != FileNames.lease {
                // A temporary of an outcome that was linked or will be written again.
                try? spool.files.unlink("\(spool.claimed(id))/\(name)", .outcomeUnlinkTemporary)
            }
        }
        heart.remove(leasePath)
        do throws(StorageError) { try spool.files.unlink(leasePath, .leaseUnlink) } catch {
            if error.code != .notFound { throw error }
        }
        do throws(StorageError) { try spool.files.removeDirectory(spool.claimed(id), .seatRemoveDirectory) } catch {
            if error.code != .notFound, error.code != .notEmpty { throw error }
        }
    }

    /// Takes what a dead loader held: chunk by chunk under the own name, then its lease (nobody needs to win).
    ///
    /// - Parameters:
    ///   - work: the claimed name of the chunk that its lease names as in work.
    ///   - charge: whether that chunk's deaths are counted; never after a reboot.
    package func seize(_ loader: String, work: String?, charge: Bool) throws {
        let source = spool.claimed(loader)
        let names: [String]
        do { names = try spool.files.list(source, .sweepList) } catch {
            if error.code == .notFound { return }
            throw error
        }
        for text in names where text != FileNames.lease {
            do {
                if var name = ClaimedName(text) {
                    if charge, text == work { name.chunk.crashes += 1 }
                    try spool.files.rename("\(source)/\(text)", path(name), .seizeChunk)
                    try handBack(name, as: name.chunk)
                } else if let target = FileNames.parseHeldWriter(text) {
                    try spool.files.rename(
                        "\(source)/\(text)", "\(spool.ready(target))/\(FileNames.writer)", .seizeToken)
                } else {
                    try spool.files.unlink("\(source)/\(text)", .seizeUnlinkLease)
                }
            } catch let error as StorageError { if error.code != .notFound { throw error } }
        }
        do throws(StorageError) { try spool.files.unlink("\(source)/\(FileNames.lease)", .seizeUnlinkLease) } catch {
            if error.code != .notFound { throw error }
        }
        do throws(StorageError) { try spool.files.removeDirectory(source, .seizeRemoveDirectory) } catch {
            if error.code != .notFound, error.code != .notEmpty { throw error }
        }
    }
}

/// Why a chunk is dead.
package struct DeadReason: Sendable {
    /// What is wrong and what to do, in words.
    package var reason: String
    /// `corruption`, `data` or `crash-looping`.
    package var failure: String
    package var attempts: Int
    package var crashes: Int
    package var loader: String
    /// RFC 3339, UTC.
    package var at: String

    /// A reason.
    package init(reason: String, failure: String, attempts: Int, crashes: Int, loader: String, at: String) {
        self.reason = reason
        self.failure = failure
        self.attempts = attempts
        self.crashes = crashes
        self.loader = loader
        self.at = at
    }
}

extension Spool {
    /// Whether a loader has no chunk in hand.
    package func holdsNothing(_ loader: String) throws -> Bool {
        do { return try files.list(claimed(loader), .seatList).allSatisfy { ClaimedName($0) == nil } } catch {
            if error.code == .notFound { return false }
            throw error
        }
    }

    /// How many loaders have a seat, dead ones included until somebody sees it.
    package func seats() throws -> Int {
        try files.list("\(root)/claimed", .seatList).count { NameEncoding.isEncoded($0) }
    }
}
