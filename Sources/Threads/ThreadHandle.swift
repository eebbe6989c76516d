internal import Glibc

/// A thread of our own: blocking calls (files, databases, transfers) never run on the cooperative pool.
package struct ThreadHandle: Sendable {
    private let done: Condition<Bool>

    /// Starts `body` on a new thread.
    ///
    /// - Parameter isBackground: it gets the processor after the other threads, whatever waits for them must not wait
    ///   for it (the nice value is a thread's own on Linux, setpriority(2)).
    package static func start(isBackground: Bool = false, _ body: @escaping @Sendable () -> Void) -> ThreadHandle {
        let done = Condition(false)
        let box = Unmanaged.passRetained(
            Start {
                if isBackground {
                    let which = Int32(PRIO_PROCESS.rawValue)
                    _ = setpriority(which, 0, getpriority(which, 0) + 5)
                }
                body()
                done.update { $0 = true }
            })
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, 1 << 20)
        let code = pthread_create(&thread, &attributes, threadMain, box.toOpaque())
        pthread_attr_destroy(&attributes)
        if code != 0 {
            // No thread to be had (a process limit): the work is done here rather than not at all.
            box.takeRetainedValue().body()
        }
        return ThreadHandle(done: done)
    }

    /// Waits until the thread has ended.
    package func join() {
        done.wait { $0 ? () : nil }
    }
}

private final class Start {
    let body: @Sendable () -> Void

    init(body: @escaping @Sendable () -> Void) {
        self.body = body
    }
}

private func threadMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    Unmanaged<Start>.fromOpaque(context).takeRetainedValue().body()
    return nil
}
