internal import ArgumentParser
internal import Configuration
internal import Databases
internal import Extract
internal import Glibc
internal import Load
internal import Manifest
internal import Spool
internal import Storage

/// Exit codes; they speak of this invocation (design: command line).
enum ExitStatus: Int32 {
    case done = 0
    /// Something failed, died or was rejected.
    case failed = 1
    /// Stopped at a limit that the user set.
    case limit = 2
    case fatal = 3
    /// Resumable by the same command.
    case interrupted = 4
    /// Usage or configuration.
    case usage = 64
    /// Nothing could be done yet: try later.
    case unavailable = 75

    /// What a target's failure means for the invocation.
    init(_ kind: LoadError.Class) {
        switch kind {
        case .transient, .environment: self = .unavailable
        case .configuration, .permission: self = .usage
        case .data, .corruption: self = .failed
        }
    }
}

/// An error with its exit code, for the end of a command.
struct CommandError: Error {
    var status: ExitStatus
    var message: String

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }
}

/// Ends the process with an error's words on standard error and its code.
enum ErrorExit {
    static func end(_ error: any Error) -> Never {
        switch error {
        case let known as CommandError:
            Console.error("bobbin: \(known.message)")
            exit(known.status.rawValue)
        case let code as ExitCode: exit(code.rawValue)
        case let issues as ConfigurationError:
            Console.error(issues.description)
            exit(ExitStatus.usage.rawValue)
        case let spool as SpoolError:
            Console.error("bobbin: \(spool.message)")
            exit((spool.code == .absent ? ExitStatus.usage : .fatal).rawValue)
        case let storage as StorageError:
            Console.error("bobbin: \(storage)")
            let status: ExitStatus =
                [.permission, .notDirectory].contains(storage.code)
                ? .usage : storage.isEnvironment ? .unavailable : .fatal
            exit(status.rawValue)
        case let manifest as ManifestError:
            Console.error("bobbin: \(manifest.message)")
            exit(ExitStatus.fatal.rawValue)
        case let extract as ExtractError:
            Console.error("bobbin: \(extract.message)")
            exit(
                (extract.kind == .configuration
                    ? ExitStatus.usage : extract.kind == .transient ? .unavailable : .failed)
                    .rawValue)
        case is LoadError, is any DatabaseError:
            let load = LoadError(error)
            Console.error("bobbin: \(load.message)")
            exit(ExitStatus(load.kind).rawValue)
        default:
            // The argument parser's own: help and version go to standard output with 0, the rest is usage.
            let code = Bobbin.exitCode(for: error)
            let text = Bobbin.fullMessage(for: error)
            if code == .success {
                Console.out(text)
            } else {
                Console.error(text)
            }
            exit(code.rawValue)
        }
    }
}
