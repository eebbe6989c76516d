internal import Manifest
internal import Storage

/// `writing/`, `trash/` and `claimed/`: what processes have in hand, and what dead ones left.
extension Fsck {
    func checkWriting() throws {
        for name in try names("writing") {
            guard let run = RunID(name) else {
                stranger("writing/\(name)")
                continue
            }
            for file in try names("writing/\(name)") {
                let path = "writing/\(name)/\(file)"
                if file == FileNames.lease || file == FileNames.manifest || file == FileNames.inputRejects
                    || FileNames.parseChunk(file) != nil || FileNames.parseChunkEntry(file) != nil
                {
                    _ = isFile(path)
                } else {
                    stranger(path)
                }
            }
            try checkExtractor(run)
        }
        for name in try names("trash") {
            guard let run = RunID(name) else {
                stranger("trash/\(name)")
                continue
            }
            guard let status = status("trash/\(name)"),
                spool.clock.now() * 1_000_000 - status.modified > 86_400 * 1_000_000_000
            else { continue }
            finding(
                .oldTrash, "trash/\(name)", "holds chunks of a discarded run for more than a day",
                "any loader or extractor clears it; --repair does so now"
            ) { try self.sweep(run) }
        }
    }

    /// A dead extractor's run is healthy as long as the next run can go on with it.
    private func checkExtractor(_ run: RunID) throws {
        let lease = try Inventory.lease(spool, "\(spool.writing(run))/\(FileNames.lease)")
        if let lease, !spool.host.isKnownDead(lease.process) { return }
        // An empty directory is one that is being made, or is removed by the next sweep.
        if lease == nil, try spool.listing(spool.writing(run), .fsckList).isEmpty { return }
        if let leased = lease?.run, try spool.lastNumber(leased.key) == leased.base,
            spool.clock.now() - Int64(clamping: run.milliseconds) < 86_400_000
        {
            return
        }
        // A committed run is told by its log.
        if let manifest = try? spool.readManifest("\(spool.writing(run))/\(FileNames.manifest)", .fsckRead),
            let number = try? spool.committedNumber(manifest), number > 0
        {
            return
        }
        finding(
            .expiredLease, "writing/\(run)", "its extractor is gone, and no run can go on with it",
            "any loader or extractor discards it; --repair does so now"
        ) { try self.sweep(run, isLeased: lease != nil) }
    }

    /// - Parameter isLeased: its lease names its owner; without one a sweep waits for as long as a lease, and a person need not.
    private func sweep(_ run: RunID, isLeased: Bool = true) throws {
        var observer = LeaseObserver(seconds: spool.leaseSeconds)
        try spool.sweepRuns(observer: &observer)
        if !isLeased { try spool.discard(run, ownerIsGone: false) }
        // What the sweep keeps for a second look (an owner not known to be dead) stays in the trash for a day.
        if status("writing/\(run)") != nil {
            throw SpoolError(.refused, "writing/\(run) is still there: its extractor may be alive on another host")
        }
    }

    func checkClaimed() throws {
        for loader in try names("claimed") {
            let directory = "claimed/\(loader)"
            guard NameEncoding.isEncoded(loader) else {
                stranger(directory)
                continue
            }
            for file in try names(directory) {
                let isKnown =
                    file == FileNames.lease || file == "progress" || file.hasPrefix("outcome.")
                    || FileNames.parseHeldWriter(file) != nil || ClaimedName(file) != nil
                if isKnown { _ = isFile("\(directory)/\(file)") } else { stranger("\(directory)/\(file)") }
            }
            let lease = try Inventory.lease(spool, "\(spool.claimed(loader))/\(FileNames.lease)")
            if let lease {
                guard spool.host.isKnownDead(lease.process) else { continue }
                finding(
                    .expiredLease, directory,
                    "its loader (process \(lease.process.pid) of \(lease.process.host)) is gone",
                    "any loader hands back what it held; --repair does so now"
                ) { try self.seize(nil) }
            } else if try spool.listing(spool.claimed(loader), .fsckList).contains(where: { $0 != FileNames.lease }) {
                // A lease alone that says nothing is of a loader that begins, or that died then: it holds nothing, and its silence tells.
                finding(
                    .claimedWithoutLease, directory, "a loader's directory without a lease: its loader is gone",
                    "any loader hands back what it held, a lease later; --repair does so now"
                ) { try self.seize(loader) }
            }
        }
    }

    /// - Parameter loader: has no lease, for which a sweep would wait; a person need not.
    private func seize(_ loader: String?) throws {
        let heart = Heart(files: spool.files, clock: spool.clock, seconds: spool.leaseSeconds)
        let seat = try LoaderSeat(spool, heart: heart, deadline: 60)
        defer { try? seat.leave() }
        var observer = LeaseObserver(seconds: spool.leaseSeconds)
        try spool.sweepLoaders(seat: seat, observer: &observer)
        if let loader { try seat.seize(loader, work: nil, charge: false) }
    }
}
