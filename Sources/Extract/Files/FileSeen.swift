internal import Formats
internal import JSON

/// Compares a partition's files with those of the last run.
enum FileSeen {
    /// Whether every file was extracted before and none vanished that a replacement would have to forget.
    static func isUnchanged(_ files: [SourceFile], _ from: JSONValue) -> Bool {
        guard let text = from["files"]?.text, let seen = try? SeenSet(decoding: text) else { return false }
        return seen.count == files.count && seen.pending(of: files.map(\.identity)).isEmpty
    }

    /// Whether a dead extractor's chunks, the last of which ends at `resume`, may be taken over: a file that changed
    /// meanwhile is read again from its start, and its rows would be there twice.
    static func isCurrent(_ files: [SourceFile], _ resume: JSONValue, allowingGone: Bool) -> Bool {
        guard let text = resume["files"]?.text, let seen = try? SeenSet(decoding: text) else { return false }
        return seen.isCurrent(in: files.map(\.identity), allowingGone: allowingGone)
    }
}
