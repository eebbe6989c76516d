package import Storage

/// Operators act by touching files in `control/`; every process looks at them at least every two seconds.
extension Spool {
    /// What an operator can ask for.
    package enum Request: String, Sendable, CaseIterable {
        case pause
        case cancel
    }

    private func path(_ request: Request, _ job: String) -> String {
        "\(root)/control/\(request.rawValue).\(encode(job))"
    }

    /// Asks for `request` of `job`.
    package func ask(_ request: Request, job: String) throws(StorageError) {
        // Made anew, so that its time is that of the request.
        try withdraw(request, job: job)
        do {
            let file = try files.open(path(request, job), .create, .controlCreate)
            try files.close(file, .controlClose)
        } catch { if error.code != .exists { throw error } }
    }

    /// Takes a request back; `false` when there was none.
    @discardableResult
    package func withdraw(_ request: Request, job: String) throws(StorageError) -> Bool {
        do {
            try files.unlink(path(request, job), .controlUnlink)
            return true
        } catch {
            if error.code == .notFound { return false }
            throw error
        }
    }

    /// When `request` was asked of `job` (Unix milliseconds by the file's time); `nil` when it was not.
    package func asked(_ request: Request, job: String) throws(StorageError) -> Int64? {
        do { return try files.status(path(request, job), .controlStatus).modified / 1_000_000 } catch {
            if error.code == .notFound { return nil }
            throw error
        }
    }
}
