internal import Databases
internal import HTTP
internal import Storage

/// Why a partition could not be extracted, by failure class.
package struct ExtractError: Error, Sendable, CustomStringConvertible {
    /// Failure classes of the design, as far as sources have them.
    package enum Class: String, Sendable {
        case transient
        case configuration
        case permission
        case environment
        case data
        case cancelled
        case paused
        /// Another extractor was faster; nothing is wrong.
        case superseded
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

    /// Any error of a source, by its class.
    package init(_ error: any Error) {
        switch error {
        case let known as ExtractError: self = known
        case let failure as ExtractFailure: self = failure.error
        case let http as HTTPError:
            let kind: Class =
                switch http.category {
                case .transient: .transient
                case .permission: .permission
                case .configuration: .configuration
                case .cancelled: .cancelled
                }
            self.init(kind, http.message)
        case let database as any DatabaseError:
            let kind: Class =
                switch database.kind {
                case .transient: .transient
                case .environment: .environment
                case .permission: .permission
                case .data: .data
                case .configuration: .configuration
                }
            self.init(kind, "\(database)")
        case let storage as StorageError:
            self.init(storage.code == .permission ? .permission : .environment, storage.description)
        default: self.init(.configuration, "\(error)")
        }
    }
}
