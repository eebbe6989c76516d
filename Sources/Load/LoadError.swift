internal import Chunk
internal import Databases
internal import Spool
internal import Storage

/// Why a piece of loading failed, by class: the class decides what happens to the chunk and to the job.
package struct LoadError: Error, Sendable, CustomStringConvertible {
    /// Failure classes of the design.
    package enum Class: String, Sendable {
        /// The target is locked or away: chunks are handed back, nothing is charged.
        case transient
        /// Disk full, memory: as transient, and the loader stops.
        case environment
        /// The job cannot work as configured: it stops, with one message.
        case configuration
        case permission
        /// The chunk's rows; after its attempts it is dead.
        case data
        /// The file is damaged; dead after one re-read.
        case corruption
    }

    /// The class.
    package let kind: Class
    /// What happened, where, and what to do next.
    package let message: String

    /// An error of a class.
    package init(_ kind: Class, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package var description: String { message }

    /// The class of any error that loading can meet.
    package init(_ error: any Error) {
        switch error {
        case let known as LoadError: self = known
        case let sqlite as SQLiteError:
            switch sqlite.kind {
            case .transient: self.init(.transient, "\(sqlite): another program holds the lock; try again")
            case .environment:
                self.init(.environment, "\(sqlite): check disk space and permissions of the file's directory")
            case .permission: self.init(.permission, sqlite.description)
            case .data: self.init(.data, sqlite.description)
            case .configuration: self.init(.configuration, sqlite.description)
            }
        case let postgres as PostgresError:
            let kind: Class =
                switch postgres.kind {
                case .transient: .transient
                case .environment: .environment
                case .permission: .permission
                case .data: .data
                case .configuration: .configuration
                }
            self.init(kind, postgres.description)
        case let mysql as MySQLError:
            let kind: Class =
                switch mysql.kind {
                case .transient: .transient
                case .environment: .environment
                case .permission: .permission
                case .data: .data
                case .configuration: .configuration
                }
            self.init(kind, mysql.description)
        case let storage as StorageError:
            self.init(storage.code == .permission ? .permission : .environment, storage.description)
        case let chunk as ChunkError:
            self.init(chunk.code == .compression ? .environment : .corruption, chunk.message)
        case let spool as SpoolError:
            self.init(.configuration, spool.message)
        default: self.init(.configuration, "\(error)")
        }
    }
}
