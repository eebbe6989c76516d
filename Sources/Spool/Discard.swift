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
        // A copy (another inode, so nobody can commit it) says in which log to look if we die from here on.
        var manifest = try sealedManifest("\(source)/\(FileNames.manifest)", .discardList)
        if let manifest {
            try files.writeFile(
                "\(trash)/\(FileNames.manifest)", manifest.encoded(), mode: .replace, create: .discardMove,
                write: .discardMove, sync: .discardMove, close: .discardMove)
        } else {
            manifest = try sealedManifest("\(trash)/\(FileNames.manifest)", .discardList)
        }
        do throws(StorageError) { try files.unlink("\(source)/\(FileNames.manifest)", .discardUnlinkManifest) } catch {
            if error.code != .notFound { throw error }
        }
        try empty(source, into: trash)
        if let manifest, let number = try committedNumber(manifest) {
            try publish(manifest, number: number)
            try clear(trash)
        } else if try ownerIsGone || !files.list(trash, .trashList).contains(where: { FileNames.parseChunk($0) != nil })
        {
            try clear(trash)
        }
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
                    } else {
                        try files.unlink("\(source)/\(name)", .discardUnlink)
                    }
                } catch { if error.code != .notFound { throw error } }
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
