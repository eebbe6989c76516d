package import Manifest
internal import Storage

extension Spool {
    /// Discards a run that was given up or whose lease expired; if it was committed after all, it is published.
    ///
    /// - Parameter ownerIsGone: the owner is this process, or known to be dead; otherwise the trash is kept for a day.
    package func discard(_ run: RunID, ownerIsGone: Bool) throws {
        let source = writing(run)
        let trash = trash(run)
        do throws(StorageError) { try files.makeDirectory(trash, .discardMakeDirectory) } catch {
            if error.code != .exists { throw error }
        }
        try takeManifest(source, trash)
        try empty(source, into: trash)
        if try publishCommitted(run, in: trash) {
            try clear(trash)
        } else {
            try clear(trash, keepingChunks: !ownerIsGone)
        }
    }

    /// Takes the manifest away, so that nobody can commit the run from now on who has not done so.
    private func takeManifest(_ source: String, _ trash: String) throws {
        // A copy (another inode, so nobody can commit it) says in which log to look if we die from here on.
        if let manifest = try sealedManifest("\(source)/\(FileNames.manifest)", .discardList) {
            try files.writeFile(
                "\(trash)/\(FileNames.manifest)", manifest.encoded(), mode: .replace, create: .discardMove,
                write: .discardMove, sync: .discardMove, close: .discardMove)
        }
        do throws(StorageError) { try files.unlink("\(source)/\(FileNames.manifest)", .discardUnlinkManifest) } catch {
            if error.code != .notFound { throw error }
        }
    }

    /// Publishes a run if it is committed; `false` when it is not, as far as can be seen.
    ///
    /// - Parameter directory: its place in `writing/` or `trash/`. The manifest there says in which log to look, or else the lease, as
    ///   an extractor may have made its manifest while its run was taken away.
    func publishCommitted(_ run: RunID, in directory: String) throws -> Bool {
        let found: RunManifest?
        if let sealed = try sealedManifest("\(directory)/\(FileNames.manifest)", .sweepList) {
            found = try manifest(sealed.log, sealed.base + 1)
        } else if let leased = try leaseBytes("\(directory)/\(FileNames.lease)").flatMap({ Lease(decoding: $0) })?.run {
            found = try manifest(leased.key, leased.base + 1)
        } else {
            found = nil
        }
        guard let found, found.run == run else { return false }
        // Who committed it may have died before it was durable.
        try files.synchronizeDirectory(log(found.log), .logSyncDirectory)
        try publish(found, number: found.base + 1)
        return true
    }

    /// The number under which the run stands in its log.
    func committedNumber(_ manifest: RunManifest) throws -> Int? {
        let number = manifest.base + 1
        guard let present = try self.manifest(manifest.log, number), present.run == manifest.run else { return nil }
        return number
    }

    private func empty(_ source: String, into trash: String) throws {
        while true {
            let names: [String]
            do { names = try files.list(source, .discardList) } catch {
                if error.code == .notFound { return }
                throw error
            }
            for name in names {
                do {
                    // The lease goes along: it tells a later sweep at once that its owner is dead.
                    if FileNames.parseChunk(name) != nil || name == FileNames.inputRejects || name == FileNames.lease {
                        try files.rename("\(source)/\(name)", "\(trash)/\(name)", .discardMove)
                    } else if name == FileNames.manifest {
                        // Made meanwhile.
                        try takeManifest(source, trash)
                    } else {
                        try files.unlink("\(source)/\(name)", .discardUnlink)
                    }
                } catch let error as StorageError { if error.code != .notFound { throw error } }
            }
            do {
                try files.removeDirectory(source, .discardRemoveDirectory)
                return
            } catch {
                // Something was created meanwhile: begin again.
                if error.code == .notFound { return }
                if error.code != .notEmpty { throw error }
            }
        }
    }
}
