internal import Manifest
internal import Storage

extension Spool {
    /// Removes from the archive of `target` the loaded chunks of runs older than `seconds`, oldest first.
    ///
    /// Kept whatever their age: the last generation of each log, from which a target that went back is filled again,
    /// and everything that is not closed. Ages are by the run id's time: they only decide about what nobody needs.
    /// - Parameter enough: asked before each run; `true` stops.
    package func thinArchive(_ target: String, olderThan seconds: Double, enough: () throws -> Bool) throws {
        let limit = UInt64(max(0, Double(clock.now()) - seconds * 1000))
        let names: [String]
        do { names = try files.list("\(root)/loaded/\(target)", .inventoryList) } catch {
            if error.code == .notFound { return }
            throw error
        }
        for run in names.compactMap({ RunID($0) }).sorted() where run.milliseconds < limit {
            if try enough() { return }
            let directory = loaded(target, run)
            guard let manifest = try readManifest("\(directory)/\(FileNames.manifest)", .inventoryRead),
                let outcome = try outcome(manifest.log, manifest.base + 1, target: target), outcome.run == run,
                let last = try self.manifest(manifest.log, try lastNumber(manifest.log)),
                last.generation != manifest.generation
            else { continue }
            for name in try files.list(directory, .inventoryList) {
                do { try files.unlink("\(directory)/\(name)", .retentionUnlink) } catch {
                    if error.code != .notFound { throw error }
                }
            }
            do { try files.removeDirectory(directory, .retentionUnlink) } catch {
                if error.code != .notFound, error.code != .notEmpty { throw error }
            }
        }
    }
}
