internal import Synchronization

/// A handle of a C library that other threads may use for one thing, as long as its owner has not closed it.
///
/// It is kept as a number, since pointers are not Sendable.
final class HandleGuard: Sendable {
    private let address: Mutex<UInt>

    init(_ handle: OpaquePointer) { address = Mutex(UInt(bitPattern: handle)) }

    /// Runs `body` with the handle, unless it was closed; it is not closed meanwhile.
    func use(_ body: (OpaquePointer) -> Void) {
        address.withLock { address in
            if let handle = OpaquePointer(bitPattern: address) { body(handle) }
        }
    }

    /// The owner is about to close the handle.
    func end() { address.withLock { $0 = 0 } }
}
