import Manifest
import Synchronization
import TestKit
import Testing

@testable import Extract

/// A listing may only be compared with a manifest that it is newer than (found by the simulation: an extractor was stopped
/// between the two, and a file that another one had read came twice).
@Suite struct FileListingTests {
    private static func partition(_ value: String) -> Manifest.Partition {
        Manifest.Partition([.init(name: "p", value: value)])
    }

    @Test func isMadeAgainOnceWhereTheLogWentOn() throws {
        let lists = Mutex(0)
        let listing = try FileListing {
            lists.withLock { $0 += 1 }
            return ["a", "b"].map { (Self.partition($0), []) }
        }
        let asked = Mutex<[String]>([])
        func look(_ value: String, after base: Int) throws {
            _ = try listing.files(of: Self.partition(value), after: base) { other in
                asked.withLock { $0.append(other.description) }
                return 7
            }
        }
        // Without a manifest there is nothing to compare with.
        try look("a", after: 0)
        #expect(lists.withLock { $0 } == 1 && asked.withLock { $0.isEmpty })
        // Nothing is known of what the logs were before the first listing.
        try look("a", after: 3)
        #expect(lists.withLock { $0 } == 2 && asked.withLock { $0 } == ["p=b"])
        // The others' logs were looked at before it, too.
        try look("b", after: 7)
        try look("a", after: 3)
        #expect(lists.withLock { $0 } == 2)
        try look("b", after: 8)
        #expect(lists.withLock { $0 } == 3)
    }
}
