package import JSON
package import Manifest
package import Spool
internal import Storage

/// Ends a run that cannot be loaded, by moving the target's head past it: a person's decision, and rows are lost by it.
package struct RunDiscard: Sendable {
    /// The manifests of the generation, ascending.
    package var runs: [OpenRun]
    /// Rows that were extracted and are not in the target.
    package var rowsLost: Int
    /// Rows of direct chunks that are in the target, and stay.
    package var rowsLoaded: Int
    /// The range that would have to be read again.
    package var cursorFrom: JSONValue
    package var cursorTo: JSONValue

    /// Looks at what discarding `manifest` takes with it: its whole generation.
    ///
    /// - Throws: `SpoolError.refused` when it has ended, or something before it is open.
    package init(_ manifest: RunManifest, spool: Spool, target: any LoadTarget) throws {
        let number = manifest.base + 1
        let key = manifest.log
        let head = try target.head(key)
        guard head.number < number else {
            throw SpoolError(
                .refused,
                "run \(manifest.run) has ended: the target's head is at manifest \(head.number), this is \(number)")
        }
        var runs: [OpenRun] = [OpenRun(number: number, manifest: manifest)]
        while let first = runs.first, let before = try spool.manifest(key, first.number - 1),
            first.number - 1 > head.number,
            before.generation == manifest.generation
        {
            runs.insert(OpenRun(number: first.number - 1, manifest: before), at: 0)
        }
        while let last = runs.last, let after = try spool.manifest(key, last.number + 1),
            after.generation == manifest.generation
        {
            runs.append(OpenRun(number: last.number + 1, manifest: after))
        }
        guard let first = runs.first, first.number == head.number + 1 else {
            throw SpoolError(
                .refused,
                "\(manifest.stream) \(manifest.partition): manifest \(head.number + 1) before it is open, too, and would be lost with it: "
                    + "load it (`bobbin load`), or discard it first")
        }
        var loaded = 0
        // What waits in a stage is in no table.
        for run in runs where run.manifest.mode.isDirect {
            loaded += try target.loaded(run.manifest.run).values.reduce(0) { $0 + $1.rows }
        }
        self.runs = runs
        rowsLoaded = loaded
        rowsLost = max(0, runs.reduce(0) { $0 + $1.manifest.rows } - loaded)
        cursorFrom = first.manifest.cursorFrom
        cursorTo = runs.last?.manifest.cursorTo ?? .null
    }

    /// Moves the head, writes the outcomes and takes the dead chunks away into quarantine.
    ///
    /// - Parameter queue: the target's name, encoded.
    /// - Throws: `LoadError` of class transient while another loader has the target.
    package func perform(spool: Spool, heart: Heart, target: any LoadTarget, queue: String) throws {
        let seat = try LoaderSeat(spool, heart: heart, deadline: 60)
        defer { try? seat.leave() }
        var observer = LeaseObserver(seconds: spool.leaseSeconds)
        try spool.sweepLoaders(seat: seat, observer: &observer)
        guard try seat.takeWriter(queue) else {
            let holder = try seat.writerHolder(queue) ?? "another loader"
            throw LoadError(
                .transient,
                "\(holder) is loading into \(spool.display(queue)) now: stop it or wait for its end, then try again")
        }
        let unit = LoadUnit(
            target.engine.target, queue: queue, seat: seat, options: LoadOptions(), isStopped: { false })
        let results: [LoadManifest]
        do { results = try unit.close(runs, as: .discarded) } catch is HeadMoved {
            throw LoadError(.transient, "the target's head moved meanwhile: look again (`bobbin status`)")
        }
        for (run, result) in zip(runs, results) {
            try spool.close(run.manifest, result, seat: seat)
            for sequence in try spool.deadChunks(queue, run.manifest.run) {
                let directory = "dead/\(queue)/\(run.manifest.run)"
                try spool.quarantine("\(directory)/\(FileNames.chunk(sequence))")
                try spool.quarantine("\(directory)/\(FileNames.why(sequence))")
            }
        }
    }
}
