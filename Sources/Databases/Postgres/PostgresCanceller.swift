/// Ends the running statement of a connection from any thread (manual, "Canceling Queries in Progress").
///
/// It goes on being valid when the connection is gone; then it does nothing.
package final class PostgresCanceller: Sendable {
    private let library: PostgresLibrary
    // A number, since pointers are not Sendable. The object behind it is never changed after PQgetCancel, and PQcancel
    // may be called by any thread, also by several at once.
    private let address: UInt

    init?(_ library: PostgresLibrary, _ connection: OpaquePointer) {
        guard let handle = library.getCancel(connection) else { return nil }
        self.library = library
        address = UInt(bitPattern: handle)
    }

    deinit {
        library.freeCancel(OpaquePointer(bitPattern: address))
    }

    /// Asks the server to end what runs; the statement then fails with SQLSTATE 57014. Blocks while it connects.
    ///
    /// A request that comes late ends the connection's next statement or nothing: use it to stop, and close the
    /// connection then.
    ///
    /// - Returns: whether the request was sent.
    @discardableResult
    package func cancel() -> Bool {
        // The size that the manual recommends.
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { reason in
            guard let room = reason.baseAddress else { return false }
            return library.cancel(OpaquePointer(bitPattern: address), room, 256) == 1
        }
    }
}
