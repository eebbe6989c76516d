import Storage
import TestKit

/// The disk knows no operations, only causes.
extension StorageError.Code: Error {}

/// What a disk holds, or a file server's: names and contents as they are, as they would be after a power cut, and as other hosts see
/// them.
///
/// The model (POSIX, and what is known of ext4, xfs and NFS 3 and 4; T. S. Pillai et al., "All File Systems Are Not Created Equal",
/// OSDI 2014): a change of names is atomic, also a rename between two directories; until a directory is synchronised any of its
/// changes may be lost, but none that a kept one rests on. The content of a file that was not synchronised is what it was before, or
/// torn. Another host sees a file's content once it was closed, and names after a while.
struct Disk: Sendable {
    struct File: Sendable {
        var bytes: [UInt8] = []
        /// What a power cut leaves; nil while nothing was ever synchronised.
        var durable: [UInt8]?
        /// What hosts see that did not write it.
        var flushed: [UInt8] = []
        var links = 1
        /// The host that wrote last.
        var writer: Int
        /// Nanoseconds of Unix time, by the server's clock.
        var modified: Int64
    }

    struct Directory: Sendable {
        var entries: [String: Int] = [:]
        var durable: [String: Int] = [:]
        /// Nanoseconds of Unix time, by the server's clock.
        var modified: Int64 = 0
        /// The latest changes, for hosts that do not see them yet.
        var recent: [Change] = []
    }

    /// A change of one name.
    struct Change: Sendable {
        var time: Double
        var host: Int
        var name: String
        var before: Int?
    }

    enum Node: Sendable {
        case file(File)
        case directory(Directory)
    }

    /// A change of names that a power cut may undo, as a whole.
    private struct Step: Sendable {
        var moves: [(directory: Int, name: String, node: Int?)]
        /// A directory that was taken away, for which it had to be empty.
        var removed: Int?
    }

    /// Who asks, and how much of what other hosts did in the last seconds it does not see.
    struct Viewer: Sendable {
        var host: Int
        var time: Double
        /// Seconds; nil sees everything.
        var lag: Double?
    }

    private(set) var nodes: [Node]
    /// Directories by path.
    private var paths: [String: Int]
    private var steps: [Step] = []
    /// Whether changes of other hosts are worth remembering.
    let isShared: Bool
    /// Unix seconds at time 0.
    let epoch: Double

    init(isShared: Bool, epoch: Double) {
        self.isShared = isShared
        self.epoch = epoch
        nodes = [.directory(Directory())]
        paths = ["": 0]
    }

    // MARK: Looking

    /// The directory and the name of a path.
    private static func split(_ path: String) -> (parent: String, name: String) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return ("", path) }
        return (String(path[..<slash]), String(path[path.utf8.index(after: slash)...]))
    }

    private func directory(_ path: String) -> Int? { paths[path] }

    private func entries(_ number: Int) -> [String: Int] {
        if case .directory(let directory) = nodes[number] { directory.entries } else { [:] }
    }

    /// The names of a directory as `viewer` sees them, and of those the host does not see yet some all the same.
    private func entries(_ number: Int, _ viewer: Viewer) -> [String: Int] {
        guard case .directory(let directory) = nodes[number] else { return [:] }
        guard let lag = viewer.lag else { return directory.entries }
        var entries = directory.entries
        for change in directory.recent.reversed() where change.host != viewer.host && viewer.time - change.time < lag {
            entries[change.name] = change.before
        }
        return entries
    }

    private func node(_ path: String, _ viewer: Viewer) throws(StorageError.Code) -> Int {
        if path.isEmpty { return 0 }
        let (parent, name) = Disk.split(path)
        guard let directory = directory(parent) else { throw .notFound }
        guard let found = entries(directory, viewer)[name] else { throw .notFound }
        // A handle of what was removed meanwhile.
        if viewer.lag != nil, entries(directory)[name] == nil { throw .stale }
        return found
    }

    func list(_ path: String, _ viewer: Viewer) throws(StorageError.Code) -> [String] {
        guard let number = directory(path) else { throw .notFound }
        return entries(number, viewer).keys.sorted()
    }

    func status(_ path: String, _ viewer: Viewer) throws(StorageError.Code) -> FileStatus {
        let number = try node(path, viewer)
        switch nodes[number] {
        case .file(let file):
            return FileStatus(
                kind: .file, size: content(file, viewer).count, links: file.links, inode: UInt64(number), device: 1,
                modified: file.modified)
        case .directory(let directory):
            return FileStatus(
                kind: .directory, size: 0, links: 2, inode: UInt64(number), device: 1, modified: directory.modified)
        }
    }

    private func content(_ file: File, _ viewer: Viewer) -> [UInt8] {
        file.writer == viewer.host ? file.bytes : file.flushed
    }

    /// The content of an open file.
    func content(_ number: Int, _ viewer: Viewer) -> [UInt8] {
        if case .file(let file) = nodes[number] { content(file, viewer) } else { [] }
    }

    /// All bytes at a path, as the server has them; nil when there is no such file.
    func bytes(_ path: String) -> [UInt8]? {
        let (parent, name) = Disk.split(path)
        guard let directory = directory(parent), let number = entries(directory)[name],
            case .file(let file) = nodes[number]
        else { return nil }
        return file.bytes
    }

    /// Every file below a directory, by its path from there.
    func files(below path: String) -> [String] {
        guard let number = directory(path) else { return [] }
        return entries(number).keys.sorted().flatMap { name -> [String] in
            let below = "\(path)/\(name)"
            if directory(below) == nil { return [name] }
            let inner = files(below: below)
            return inner.isEmpty ? ["\(name)/"] : inner.map { "\(name)/\($0)" }
        }
    }

    // MARK: Changing

    private mutating func change(
        _ moves: [(directory: Int, name: String, node: Int?)], removed: Int? = nil, _ viewer: Viewer
    ) {
        for move in moves {
            guard case .directory(var directory) = nodes[move.directory] else { continue }
            let before = directory.entries[move.name]
            directory.entries[move.name] = move.node
            directory.modified = stamp(viewer.time)
            if isShared {
                directory.recent.removeAll { viewer.time - $0.time > 5 }
                directory.recent.append(
                    Change(time: viewer.time, host: viewer.host, name: move.name, before: before))
            }
            nodes[move.directory] = .directory(directory)
        }
        steps.append(Step(moves: moves, removed: removed))
    }

    private mutating func add(links: Int, _ number: Int) {
        guard case .file(var file) = nodes[number] else { return }
        file.links += links
        nodes[number] = .file(file)
    }

    private mutating func edit(_ number: Int, _ body: (inout File) -> Void) {
        guard case .file(var file) = nodes[number] else { return }
        // So that the bytes have one owner while they are changed.
        nodes[number] = .directory(Directory())
        body(&file)
        nodes[number] = .file(file)
    }

    private func place(_ path: String) throws(StorageError.Code) -> (directory: Int, name: String) {
        let (parent, name) = Disk.split(path)
        guard let number = directory(parent) else { throw .notFound }
        return (number, name)
    }

    /// Makes or opens a file.
    mutating func open(_ path: String, _ mode: OpenMode, _ viewer: Viewer) throws(StorageError.Code) -> Int {
        switch mode {
        case .read:
            let number = try node(path, viewer)
            if case .directory = nodes[number] { throw .invalid }
            return number
        case .rewrite:
            var fresh = viewer
            fresh.lag = nil
            return try node(path, fresh)
        case .create, .replace:
            let place = try place(path)
            if let number = entries(place.directory)[place.name] {
                if mode == .create { throw .exists }
                edit(number) { file in
                    file.bytes = []
                    file.writer = viewer.host
                }
                return number
            }
            nodes.append(.file(File(writer: viewer.host, modified: stamp(viewer.time))))
            change([(place.directory, place.name, nodes.count - 1)], viewer)
            return nodes.count - 1
        }
    }

    private func stamp(_ time: Double) -> Int64 { Int64((epoch + time) * 1e9) }

    mutating func write(_ number: Int, at offset: Int, _ bytes: UnsafeRawBufferPointer, _ viewer: Viewer) {
        let modified = stamp(viewer.time)
        edit(number) { file in
            if offset == file.bytes.count {
                file.bytes.append(contentsOf: bytes)
            } else {
                let end = min(file.bytes.count, offset + bytes.count)
                file.bytes.replaceSubrange(offset..<end, with: bytes)
            }
            file.writer = viewer.host
            file.modified = modified
        }
    }

    /// The content becomes what a power cut leaves, and others see.
    mutating func synchronize(_ number: Int) {
        edit(number) { file in
            file.durable = file.bytes
            file.flushed = file.bytes
        }
    }

    /// Others see the content.
    mutating func close(_ number: Int) { edit(number) { $0.flushed = $0.bytes } }

    mutating func rename(_ source: String, _ destination: String, _ viewer: Viewer) throws(StorageError.Code) {
        let from = try place(source)
        guard let number = entries(from.directory)[from.name] else { throw .notFound }
        let to = try place(destination)
        let replaced = entries(to.directory)[to.name]
        // Two names of one file: nothing is done (POSIX).
        if replaced == number { return }
        if let replaced { add(links: -1, replaced) }
        change([(from.directory, from.name, nil), (to.directory, to.name, number)], viewer)
    }

    mutating func link(_ source: String, _ destination: String, _ viewer: Viewer) throws(StorageError.Code) {
        let from = try place(source)
        guard let number = entries(from.directory)[from.name] else { throw .notFound }
        let to = try place(destination)
        guard entries(to.directory)[to.name] == nil else { throw .exists }
        add(links: 1, number)
        change([(to.directory, to.name, number)], viewer)
    }

    mutating func unlink(_ path: String, _ viewer: Viewer) throws(StorageError.Code) {
        let place = try place(path)
        guard let number = entries(place.directory)[place.name] else { throw .notFound }
        if case .directory = nodes[number] { throw .invalid }
        add(links: -1, number)
        change([(place.directory, place.name, nil)], viewer)
    }

    mutating func makeDirectory(_ path: String, _ viewer: Viewer) throws(StorageError.Code) {
        let place = try place(path)
        guard entries(place.directory)[place.name] == nil else { throw .exists }
        nodes.append(.directory(Directory(modified: stamp(viewer.time))))
        paths[path] = nodes.count - 1
        change([(place.directory, place.name, nodes.count - 1)], viewer)
    }

    mutating func removeDirectory(_ path: String, _ viewer: Viewer) throws(StorageError.Code) {
        let place = try place(path)
        guard let number = entries(place.directory)[place.name], directory(path) == number else { throw .notFound }
        guard entries(number).isEmpty else { throw .notEmpty }
        paths[path] = nil
        change([(place.directory, place.name, nil)], removed: number, viewer)
    }

    // MARK: Durability

    /// The changes of a directory, and those that they rest on, survive from now on.
    mutating func synchronizeDirectory(_ path: String) throws(StorageError.Code) {
        guard let number = directory(path) else { throw .notFound }
        keep { $0.moves.contains { $0.directory == number } }
    }

    /// Makes the steps durable that are wanted, and the earlier ones that they rest on.
    private mutating func keep(_ isWanted: (Step) -> Bool) {
        var kept = [Bool](repeating: false, count: steps.count)
        // What a kept step rests on: what made the directories it is in, and what was done to its names before.
        var directories: Set<Int> = []
        var names: [Int: Set<String>] = [:]
        var removed: Set<Int> = []
        for index in steps.indices.reversed() {
            let step = steps[index]
            let isNeeded = step.moves.contains { move in
                move.node.map { directories.contains($0) } ?? false
                    || names[move.directory]?.contains(move.name) ?? false || removed.contains(move.directory)
            }
            guard isNeeded || isWanted(step) else { continue }
            kept[index] = true
            if let number = step.removed { removed.insert(number) }
            for move in step.moves {
                directories.insert(move.directory)
                names[move.directory, default: []].insert(move.name)
            }
        }
        for index in steps.indices where kept[index] {
            for move in steps[index].moves {
                guard case .directory(var directory) = nodes[move.directory] else { continue }
                directory.durable[move.name] = move.node
                nodes[move.directory] = .directory(directory)
            }
        }
        steps = steps.indices.filter { !kept[$0] }.map { steps[$0] }
    }

    /// The power fails: what was not made durable may be lost.
    ///
    /// - Parameter isOrdered: names survive in the order of their changes, as with one journal; otherwise any may be lost.
    mutating func cut(_ random: inout SeededRandom, isOrdered: Bool) {
        if isOrdered {
            let count = random.below(steps.count + 1)
            // Asked from the last to the first.
            var left = steps.count
            keep { _ in
                left -= 1
                return left < count
            }
        } else {
            let share = random.below(101)
            var draws = random
            keep { _ in draws.below(100) < share }
            random = draws
        }
        steps = []
        for index in nodes.indices {
            switch nodes[index] {
            case .directory(var directory):
                directory.entries = directory.durable
                directory.recent = []
                nodes[index] = .directory(directory)
            case .file(var file):
                if file.durable != file.bytes { file.bytes = Disk.torn(file, &random) }
                file.durable = file.bytes
                file.flushed = file.bytes
                file.links = 0
                nodes[index] = .file(file)
            }
        }
        paths = ["": 0]
        find(0, "")
    }

    /// What is left of a file that was not synchronised.
    private static func torn(_ file: File, _ random: inout SeededRandom) -> [UInt8] {
        switch random.below(4) {
        case 0: return file.durable ?? []
        case 1: return file.bytes
        case 2: return Array(file.bytes.prefix(random.below(file.bytes.count + 1)))
        default:
            // As long as it was, and a part of it never written.
            let end = random.below(file.bytes.count + 1)
            return Array(file.bytes.prefix(end)) + [UInt8](repeating: 0, count: file.bytes.count - end)
        }
    }

    private mutating func find(_ number: Int, _ path: String) {
        for (name, node) in entries(number) {
            switch nodes[node] {
            case .file: add(links: 1, node)
            case .directory:
                paths["\(path)/\(name)"] = node
                find(node, "\(path)/\(name)")
            }
        }
    }

    /// A host dies: what it wrote and neither synchronised nor closed, its server never got.
    mutating func lose(host: Int, _ random: inout SeededRandom) {
        for index in nodes.indices {
            guard case .file(var file) = nodes[index], file.writer == host, file.durable != file.bytes else { continue }
            // What was closed went to the server, which lives on.
            file.bytes = random.below(2) == 0 ? file.flushed : Disk.torn(file, &random)
            file.flushed = file.bytes
            nodes[index] = .file(file)
        }
    }

    /// Damages a byte of a file.
    mutating func damage(_ path: String, _ random: inout SeededRandom) {
        let (parent, name) = Disk.split(path)
        guard let directory = directory(parent), let number = entries(directory)[name] else { return }
        let place = Int(truncatingIfNeeded: random.next() >> 1)
        edit(number) { file in
            guard !file.bytes.isEmpty else { return }
            file.bytes[place % file.bytes.count] ^= 1
            file.durable = file.bytes
            file.flushed = file.bytes
        }
    }
}
