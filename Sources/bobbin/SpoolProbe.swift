internal import Glibc
internal import Spool
internal import Storage

/// Does on the spool's file system what the protocol does there, in a directory of its own.
struct SpoolProbe {
    let path: String
    let lowWater: Int
    private let files = POSIXFileSystem()

    init(path: String, lowWater: Int) {
        self.path = path
        self.lowWater = lowWater
    }

    func run() -> [Check] {
        let isSpool: Bool
        do throws(StorageError) {
            _ = try files.status("\(path)/spool.json", .doctorProbe)
            isSpool = true
        } catch {
            guard error.code == .notFound else { return [Check("spool", .problem, error.description)] }
            isSpool = false
        }
        let parent = isSpool ? "\(path)/quarantine" : SpoolProbe.parent(path)
        let directory = "\(parent)/doctor-\(getpid())"
        var checks = [
            Check(
                "spool", .good,
                isSpool ? path : "\(path) is not there yet; the first extract makes it, tried in \(parent)")
        ]
        do { try files.makeDirectory(directory, .doctorProbe) } catch {
            return checks + [Check("directory", .problem, "\(directory): \(error.reason)")]
        }
        defer { remove(directory) }
        checks.append(operations(directory))
        checks.append(times(directory))
        checks.append(kind(directory))
        checks.append(space(directory))
        if isSpool { checks.append(devices()) }
        return checks
    }

    private static func parent(_ path: String) -> String {
        var components = path.split(separator: "/", omittingEmptySubsequences: true)
        let root = path.hasPrefix("/") ? "/" : ""
        let files = POSIXFileSystem()
        while !components.isEmpty {
            components.removeLast()
            let candidate = root + components.joined(separator: "/")
            if !candidate.isEmpty, (try? files.status(candidate, .doctorProbe))?.kind == .directory { return candidate }
        }
        return root.isEmpty ? "." : "/"
    }

    private func remove(_ directory: String) {
        for name in (try? files.list(directory, .doctorProbe)) ?? [] {
            try? files.unlink("\(directory)/\(name)", .doctorProbe)
        }
        try? files.removeDirectory(directory, .doctorProbe)
    }

    private func write(_ path: String, _ mode: OpenMode = .create) throws(StorageError) {
        try files.writeFile(
            path, Array("probe".utf8), mode: mode, create: .doctorProbe, write: .doctorProbe, sync: .doctorProbe,
            close: .doctorProbe)
    }

    /// rename, link, put-if-absent, fsync of files and directories, listing.
    private func operations(_ directory: String) -> Check {
        func problem(_ text: String) -> Check { Check("operations", .problem, text) }
        do throws(StorageError) {
            try write("\(directory)/a")
            do throws(StorageError) {
                try write("\(directory)/a")
                return problem(
                    "O_EXCL does not keep two processes from creating one file: this file system cannot hold a spool")
            } catch { if error.code != .exists { throw error } }
            try files.link("\(directory)/a", "\(directory)/b", .doctorProbe)
            do throws(StorageError) {
                try files.link("\(directory)/a", "\(directory)/b", .doctorProbe)
                return problem(
                    "link overwrites: the commit of a run could be lost; this file system cannot hold a spool")
            } catch { if error.code != .exists { throw error } }
            let first = try files.status("\(directory)/a", .doctorProbe)
            let second = try files.status("\(directory)/b", .doctorProbe)
            guard first.inode == second.inode, second.links == 2 else {
                return problem("a link is not the same file as what it links: this file system cannot hold a spool")
            }
            try files.rename("\(directory)/b", "\(directory)/c", .doctorProbe)
            try files.synchronizeDirectory(directory, .doctorProbe)
            guard Set(try files.list(directory, .doctorProbe)) == ["a", "c"] else {
                return problem("a listing does not show what was made and renamed just now")
            }
            let folds = (try? files.status("\(directory)/A", .doctorProbe)) != nil
            return Check(
                "operations", .good,
                "rename, link, O_EXCL and fsync work"
                    + (folds ? "; names fold case, which the spool's names are made for" : ""))
        } catch {
            return problem(
                "\(error.reason) (\(error.path)): without rename, link and fsync this file system cannot hold a spool")
        }
    }

    private func times(_ directory: String) -> Check {
        let before = SystemClock().now()
        do throws(StorageError) {
            try write("\(directory)/time")
            let skew = try files.status("\(directory)/time", .doctorProbe).modified / 1_000_000 - before
            if abs(skew) > 5000 {
                return Check(
                    "file times", .warning,
                    "the file server's clock is \(skew / 1000) s off: ages are wrong, nothing else is")
            }
            return Check("file times", .good, "agree with the clock")
        } catch { return Check("file times", .problem, error.reason) }
    }

    private func kind(_ directory: String) -> Check {
        guard let type = MountTable.type(of: directory) else {
            return Check("file system", .warning, "its type cannot be told")
        }
        let network = [
            "nfs", "cifs", "smb", "fuse", "ceph", "9p", "lustre", "gpfs", "afs", "virtiofs", "glusterfs", "beegfs",
        ]
        if network.contains(where: { type.hasPrefix($0) }) {
            return Check(
                "file system", .warning,
                "\(type): several hosts may share it, if the server keeps rename and link atomic and fsync honest; try it under load first"
            )
        }
        if type == "tmpfs" || type == "ramfs" {
            return Check("file system", .warning, "\(type): the spool is gone at the next boot")
        }
        return Check("file system", .good, "\(type), local")
    }

    private func space(_ directory: String) -> Check {
        guard let free = try? files.freeSpace(directory, .doctorProbe) else {
            return Check("free space", .warning, "unknown")
        }
        if free < lowWater {
            return Check(
                "free space", .problem,
                "\(Format.bytes(free)), less than load.low_water (\(Format.bytes(lowWater))): extraction stops")
        }
        return Check("free space", free < 1 << 30 ? .warning : .good, Format.bytes(free))
    }

    private func devices() -> Check {
        guard let root = try? files.status(path, .doctorProbe) else {
            return Check("one device", .problem, "\(path) is gone")
        }
        for name in Spool.directories {
            guard let status = try? files.status("\(path)/\(name)", .doctorProbe) else {
                return Check("one device", .problem, "\(path)/\(name) is missing: bobbin fsck --repair makes it")
            }
            if status.device != root.device || status.kind != .directory {
                return Check(
                    "one device", .problem,
                    "\(path)/\(name) is a mount or a link: files cannot be renamed into it; the whole spool must be one file system"
                )
            }
        }
        return Check("one device", .good, "the whole spool is one file system")
    }
}

/// The mounts that this process sees (proc_pid_mountinfo(5)).
enum MountTable {
    /// The type of the file system that a directory lies on.
    static func type(of directory: String) -> String? {
        guard let resolved = realpath(directory, nil) else { return nil }
        defer { free(resolved) }
        let path = String(cString: resolved)
        guard
            let bytes = try? POSIXFileSystem().contents(
                "/proc/self/mountinfo", limit: 16 << 20, open: .doctorProbe, read: .doctorProbe, close: .doctorProbe)
        else { return nil }
        var best: (length: Int, type: String)?
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 6, let dash = fields.firstIndex(of: "-"), dash + 1 < fields.count else { continue }
            let point = String(fields[4])
            let isAbove = point == "/" || path == point || path.hasPrefix(point + "/")
            // Of two mounts on one place, the later one is seen.
            if isAbove, point.utf8.count >= best?.length ?? 0 { best = (point.utf8.count, String(fields[dash + 1])) }
        }
        return best?.type
    }
}
