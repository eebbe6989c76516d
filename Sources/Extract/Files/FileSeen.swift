internal import Formats
internal import JSON

/// Compares a partition's files with those of the last run.
enum FileSeen {
    /// Whether every file was extracted before and none vanished that a replacement would have to forget.
    static func isUnchanged(_ files: [SourceFile], _ from: JSONValue) -> Bool {
        guard let text = from["files"]?.text, let seen = try? SeenSet(decoding: text) else { return false }
        return seen.count == files.count && seen.pending(of: files.map(\.identity)).isEmpty
    }
}
