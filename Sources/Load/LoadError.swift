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
        /// The stream cannot work as configured: it stops, with one message.
        case configuration
        case permission
        /// The chunk's rows; after its attempts it is dead.
        case data
        /// The file is damaged; dead after one re-read.
        case corruption

        fileprivate init(_ failure: DatabaseFailure) {
            switch failure {
            case .transient: self = .transient
            case .environment: self = .environment
            case .permission: self = .permission
            case .data: self = .data
            case .configuration: self = .configuration
            }
        }
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
            let hint =
                switch sqlite.kind {
                case .transient: ": another program holds the lock; try again"
                case .environment: ": check disk space and permissions of the file's directory"
                case .permission, .data, .configuration: ""
                }
            self.init(Class(sqlite.kind), "\(sqlite)\(hint)")
        case let database as any DatabaseError: self.init(Class(database.kind), database.description)
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
