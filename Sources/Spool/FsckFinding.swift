/// Something in a spool that is not as the format says.
package struct FsckFinding: Sendable {
    /// What is wrong; the raw value is stable and stands in `fsck --json`.
    package enum Code: String, Sendable, CaseIterable {
        case markerMissing = "marker_missing"
        case markerUnreadable = "marker_unreadable"
        case directoryMissing = "directory_missing"
        case manifestUnreadable = "manifest_unreadable"
        case manifestNewer = "manifest_newer"
        case manifestMisplaced = "manifest_misplaced"
        case manifestForeign = "manifest_foreign"
        case logGap = "log_gap"
        case notPublished = "not_published"
        case outcomeTorn = "outcome_torn"
        case outcomeWithoutManifest = "outcome_without_manifest"
        case chunkMissing = "chunk_missing"
        case chunkDamaged = "chunk_damaged"
        case chunkDuplicate = "chunk_duplicate"
        case chunkWithoutManifest = "chunk_without_manifest"
        case readyWithoutLog = "ready_without_log"
        case deadWithoutWhy = "dead_without_why"
        case whyWithoutChunk = "why_without_chunk"
        case stranger
        case symbolicLink = "symbolic_link"
        case misspelt
        case leftover
        case expiredLease = "expired_lease"
        case claimedWithoutLease = "claimed_without_lease"
        case oldTrash = "old_trash"
    }

    package var code: Code
    /// Below the spool's root.
    package var path: String
    /// What is wrong, in words.
    package var message: String
    /// What to do about it.
    package var remedy: String
    /// Whether `--repair` can mend it.
    package var isRepairable: Bool
    /// Whether it was mended by this invocation.
    package var isRepaired = false
    /// Why mending it did not work.
    package var failure: String?
}
