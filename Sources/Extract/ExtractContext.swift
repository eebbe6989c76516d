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
    /// Loaders of this process go first: what they have is what others see.
    package let isBackground: Bool
    package let report: @Sendable (ExtractEvent) -> Void

    /// Shared parts.
    package init(
        spool: Spool, heart: Heart, stop: StopSignal, benches: sending [Workbench],
        isBackground: Bool = false, report: @escaping @Sendable (ExtractEvent) -> Void
    ) {
        self.spool = spool
        self.heart = heart
        files = spool.files
        clock = spool.clock
        self.stop = stop
        self.benches = ResourcePool(benches)
        self.isBackground = isBackground
        self.report = report
    }
}
