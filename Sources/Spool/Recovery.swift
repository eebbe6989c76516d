internal import Manifest
internal import Storage

/// Finishes or undoes what dead processes left; every part may run anywhere, any number of times.
extension Spool {
    /// Publishes committed runs whose extractor is gone, and discards those that nobody can continue.
    ///
    /// - Parameter maximumAge: seconds after which an uncommitted run is discarded though it could be continued.
    /// - Returns: how many runs were published.
    @discardableResult
    package func sweepRuns(observer: inout LeaseObserver, maximumAge: Double = 86_400) throws -> Int {
        var published = 0
        for name in try files.list("\(root)/writing", .sweepList).sorted() {
            guard let run = RunID(name) else { continue }
            let lease: Lease?
            let isDead: Bool
            switch try leaseState(in: writing(run), observer: &observer) {
            case .gone: continue
            case .alive:
                // What is committed may be published by anyone; waiting for the lease could outlast this process.
                if try publishCommitted(run, in: writing(run)) { published += 1 }
                continue
            case .dead(let known): (lease, isDead) = (known, true)
            case .expired(let known): (lease, isDead) = (known, false)
            }
            if try publishCommitted(run, in: writing(run)) {
                published += 1
            } else {
                // A successor may still adopt it, as long as its place in the log is free.
                if let leased = lease?.run, try lastNumber(leased.key) == leased.base,
                    Double(clock.now()) / 1000 - Double(run.milliseconds) / 1000 < maximumAge
                {
                    continue
                }
                try discard(run, ownerIsGone: isDead)
            }
        }
        for name in try files.list("\(root)/trash", .trashList).sorted() {
            guard let run = RunID(name) else { continue }
            if try sweepTrash(run) { published += 1 }
        }
        return published
    }

    private func sweepTrash(_ run: RunID) throws -> Bool {
        // The discard itself may not be finished: then writing/ still stands and is swept first.
        if (try? files.status(writing(run), .trashStatus)) != nil { return false }
        if try publishCommitted(run, in: trash(run)) {
            try clear(trash(run))
            return true
        }
        let lease = try leaseBytes("\(trash(run))/\(FileNames.lease)").flatMap { Lease(decoding: $0) }
        if let lease, host.isKnownDead(lease.process) {
            try clear(trash(run))
            return false
        }
        let status: FileStatus
        do { status = try files.status(trash(run), .trashStatus) } catch {
            if error.code == .notFound { return false }
            throw error
        }
        if clock.now() * 1_000_000 - status.modified > 86_400 * 1_000_000_000 { try clear(trash(run)) }
        return false
    }

    /// Seizes what loaders held whose lease is expired.
    ///
    /// - Returns: the ids of the loaders that are alive, `seat` among them.
    @discardableResult
    package func sweepLoaders(seat: LoaderSeat, observer: inout LeaseObserver) throws -> [String] {
        var alive: [String] = []
        for loader in try files.list("\(root)/claimed", .sweepList).sorted() {
            guard NameEncoding.isEncoded(loader) else { continue }
            if loader == seat.id {
                alive.append(loader)
                continue
            }
            switch try leaseState(in: claimed(loader), observer: &observer) {
            case .gone: continue
            case .alive: alive.append(loader)
            case .dead(let lease): try seat.seize(loader, work: lease?.work, charge: true)
            case .expired(let lease):
                // After a reboot the chunk is innocent; nothing is known of another host's boots.
                let rebooted = lease.map {
                    $0.process.host == host.current.host && $0.process.boot != host.current.boot
                }
                try seat.seize(loader, work: lease?.work, charge: rebooted == false)
            }
        }
        return alive
    }
}
