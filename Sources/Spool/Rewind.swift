package import JSON
package import Manifest
internal import Storage

/// What going back to an older cursor means for one partition.
package struct RewindPlan: Sendable {
    /// The log's last manifest.
    package var last: RunManifest
    /// Its number.
    package var base: Int
    /// The cursor to come.
    package var cursor: JSONValue
    /// Manifests whose range is read again.
    package var again: Int
    /// Why it is refused, when it is; nothing is written then.
    package var refusal: String?
}

/// The order of cursors, where there is one.
package enum CursorOrder {
    /// Whether `left` is at or before `right`; `nil` where that cannot be told.
    package static func isAtMost(_ left: JSONValue, _ right: JSONValue) -> Bool? {
        guard let first = left["since"]?.text, let second = right["since"]?.text else { return nil }
        if let first = Int64(first), let second = Int64(second) { return first <= second }
        return first == second || first.utf8.lexicographicallyPrecedes(second.utf8)
    }
}

extension Spool {
    /// Plans a rewind of the partitions of `job` that have a log.
    ///
    /// A keyless append is refused as soon as rows of the range are, or are going to be, in a target: they would double.
    /// - Parameters:
    ///   - cursor: where to go back to; null is the beginning.
    ///   - wants: whether a partition is meant.
    ///   - loaded: chunks of a manifest that are in the target's ledger; the spool alone does not know.
    package func planRewind(
        job: String, to cursor: JSONValue, wants: (Partition) -> Bool,
        loaded: (RunManifest, _ target: String) throws -> Int
    ) throws -> [RewindPlan] {
        var plans: [RewindPlan] = []
        try visitLogs(jobs: [job]) { directory in
            guard let base = directory.numbers.last,
                let last = try readManifest("\(directory.path)/\(FileNames.logEntry(base))", .inventoryRead),
                wants(last.partition)
            else { return }
            var plan = RewindPlan(last: last, base: base, cursor: cursor, again: 0)
            if last.cursorTo == cursor {
                plan.refusal = "it stands there already"
            } else if last.cursorTo.isNull {
                plan.refusal = "it has no cursor: each run reads everything anyway"
            } else if !cursor.isNull, CursorOrder.isAtMost(last.cursorTo, cursor) != false {
                plan.refusal =
                    "its cursor is \(last.cursorTo.serializedText()), which is not after \(cursor.serializedText())"
            }
            for number in directory.numbers.reversed() where plan.refusal == nil {
                guard let manifest = try readManifest("\(directory.path)/\(FileNames.logEntry(number))", .inventoryRead)
                else {
                    continue
                }
                if !cursor.isNull, CursorOrder.isAtMost(manifest.cursorTo, cursor) == true { break }
                guard !manifest.chunks.isEmpty else { continue }
                plan.again += 1
                if manifest.mode == .append, manifest.key.isEmpty {
                    plan.refusal = try doubling(manifest, number, loaded)
                }
            }
            plans.append(plan)
        }
        return plans
    }

    private func doubling(
        _ manifest: RunManifest, _ number: Int, _ loaded: (RunManifest, _ target: String) throws -> Int
    ) throws -> String? {
        for target in manifest.targets {
            let count = try loaded(manifest, target)
            if count > 0 {
                return
                    "\(count) chunks of manifest \(number) are in \(target), and without a key (primary_key) their rows would be "
                    + "there twice: delete them there and start the table anew, or give the job a key"
            }
            if try outcome(manifest.log, number, target: encode(target)) == nil {
                return
                    "manifest \(number) is still to be loaded into \(target), so that its rows would be there twice: let it load, or "
                    + "discard it first (`bobbin dead discard`)"
            }
        }
        return nil
    }

    /// Writes the manifest of a rewind, which also fences an extraction that runs now.
    ///
    /// - Returns: its number; `nil` when another manifest was first.
    package func rewind(_ plan: RewindPlan, heart: Heart) throws -> Int? {
        let run = newRun()
        // Without rows an append changes nothing, whatever the mode of the runs around it.
        var manifest = RunManifest(
            spool: id, run: run, job: plan.last.job, stream: plan.last.stream, targets: plan.last.targets,
            partition: plan.last.partition, mode: .append, key: plan.last.key, table: plan.last.table,
            priority: plan.last.priority, generation: run, base: plan.base, isFinal: true,
            fingerprint: plan.last.fingerprint)
        manifest.kind = .rewind
        manifest.guards = plan.last.guards
        manifest.schema = plan.last.schema
        manifest.cursorFrom = plan.last.cursorTo
        manifest.cursorTo = plan.cursor
        manifest.started = timestamp
        let writer = try RunWriter(self, manifest, heart: heart, deadline: 60)
        do {
            guard case .committed(let number) = try writer.commit() else {
                try writer.discard()
                return nil
            }
            try writer.publish(number)
            return number
        } catch {
            try? writer.discard()
            throw error
        }
    }
}
