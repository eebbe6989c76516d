package import Spool
package import Storage
package import Threads

/// What all partitions of an invocation share.
package final class ExtractContext: Sendable {
    package let spool: Spool
    package let heart: Heart
    package let files: any FileSystem
    package let clock: any Clock
    package let stop: StopSignal
    package let benches: ResourcePool<Workbench>
    package let report: @Sendable (ExtractEvent) -> Void

    /// Shared parts.
    package init(
        spool: Spool, heart: Heart, stop: StopSignal, benches: sending [Workbench],
        report: @escaping @Sendable (ExtractEvent) -> Void
    ) {
        self.spool = spool
        self.heart = heart
        files = spool.files
        clock = spool.clock
        self.stop = stop
        self.benches = ResourcePool(benches)
        self.report = report
    }
}
