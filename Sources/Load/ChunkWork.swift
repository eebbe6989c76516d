package import Manifest
internal import Spool

/// One open manifest of a log.
package final class OpenRun: Sendable {
    /// Its number in the log.
    package let number: Int
    /// The manifest itself.
    package let manifest: RunManifest

    init(number: Int, manifest: RunManifest) {
        self.number = number
        self.manifest = manifest
    }
}

/// One claimed chunk to load.
struct ChunkWork: Sendable {
    var name: ClaimedName
    var path: String
    var entry: ChunkEntry
    var run: OpenRun

    var manifest: RunManifest { run.manifest }
}
