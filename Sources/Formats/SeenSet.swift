/// The files that have been extracted already: the cursor of a file source.
///
/// Files that are gone are forgotten, so that it grows with the directory and not with time.
package struct SeenSet: Sendable, Equatable {
    /// Why a file is to be extracted.
    package enum Reason: String, Sendable {
        /// It was not there before.
        case new
        /// It was, with other content.
        case changed
    }

    /// A file to be extracted.
    package struct Pending: Sendable, Equatable {
        /// The file as it is now.
        package let file: FileIdentity
        /// Why.
        package let reason: Reason
    }

    /// A file extracted in part: the cursor in the middle of a run.
    package struct Partial: Sendable, Equatable {
        /// The file as it was then; another state of it begins anew.
        package let file: FileIdentity
        /// The ordinal of the first record not yet extracted.
        package let nextOrdinal: UInt64

        /// Makes a partial file.
        package init(file: FileIdentity, nextOrdinal: UInt64) {
            self.file = file
            self.nextOrdinal = nextOrdinal
        }
    }

    /// By path, byte for byte.
    var files: [[UInt8]: FileIdentity] = [:]
    /// The file in work, if any.
    package var partial: Partial?

    /// Nothing has been seen.
    package init() {}

    /// How many files are known.
    package var count: Int { files.count }

    /// Notes that `file` has been extracted whole, in this state.
    package mutating func insert(_ file: FileIdentity) {
        files[file.pathKey] = file
        if partial?.file.pathKey == file.pathKey { partial = nil }
    }

    /// The files of `present` that are new or changed, in its order.
    package func pending(of present: [FileIdentity]) -> [Pending] {
        present.compactMap { file in
            guard let known = files[file.pathKey] else { return Pending(file: file, reason: .new) }
            return file.isSameContent(as: known) ? nil : Pending(file: file, reason: .changed)
        }
    }

    /// Where to go on in `file`: 0, unless it was extracted in part and is still the same.
    package func nextOrdinal(of file: FileIdentity) -> UInt64 {
        guard let partial, file.isSameContent(as: partial.file) else { return 0 }
        return partial.nextOrdinal
    }

    /// Whether the rows taken so far are still those of the files: none of them is in another state now, nor, unless
    /// `allowingGone`, has vanished.
    package func isCurrent(in present: [FileIdentity], allowingGone: Bool) -> Bool {
        let now = Dictionary(present.map { ($0.pathKey, $0) }, uniquingKeysWith: { $1 })
        let taken = files.values + (partial.map { [$0.file] } ?? [])
        return taken.allSatisfy { file in now[file.pathKey].map { $0.isSameContent(as: file) } ?? allowingGone }
    }

    /// Forgets the files that are not in `present` (a complete listing, never one that failed half-way).
    package mutating func keep(present: [FileIdentity]) {
        let paths = Set(present.map(\.pathKey))
        files = files.filter { paths.contains($0.key) }
        if let path = partial?.file.pathKey, !paths.contains(path) { partial = nil }
    }
}
