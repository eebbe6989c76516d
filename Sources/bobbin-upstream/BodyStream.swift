import FlyingSocks
import Synchronization

/// A body as the connection writes it: in one piece, in pieces with pauses, or broken off. Whole pages are given in a
/// single piece because the server writes each piece by itself.
struct BodyStream: AsyncBufferedSequence {
    typealias Element = UInt8

    /// Ends a body that announced more bytes; the server then closes the connection.
    struct BrokenOff: Error {}

    let bytes: [UInt8]
    /// Held until the body was sent or given up.
    let inFlight: InFlight
    /// Bytes to send before breaking off; nil sends all.
    var limit: Int?
    /// Pause after each piece.
    var pause: Duration?
    /// Bytes of each piece; nil for one piece.
    var piece: Int?

    func makeAsyncIterator() -> Iterator {
        Iterator(stream: self)
    }

    struct Iterator: AsyncBufferedIteratorProtocol {
        let stream: BodyStream
        private var position = 0

        init(stream: BodyStream) {
            self.stream = stream
        }

        mutating func next() async throws -> UInt8? {
            try await nextBuffer(suggested: 1)?.first
        }

        mutating func nextBuffer(suggested count: Int) async throws -> ArraySlice<UInt8>? {
            let end = Swift.min(stream.limit ?? stream.bytes.count, stream.bytes.count)
            guard position < end else {
                if stream.limit != nil { throw BrokenOff() }
                return nil
            }
            if position > 0, let pause = stream.pause { try await Task.sleep(for: pause) }
            let next = Swift.min(position + Swift.max(1, Swift.min(count, stream.piece ?? count)), end)
            defer { position = next }
            return stream.bytes[position..<next]
        }
    }
}

/// Counts the requests that are being answered, from their arrival until their body was sent: one object for each.
final class InFlight: Sendable {
    private static let counter = Atomic(0)

    /// Requests being answered now.
    static var count: Int { counter.load(ordering: .relaxed) }

    init() {
        Self.counter.add(1, ordering: .relaxed)
    }

    deinit {
        Self.counter.subtract(1, ordering: .relaxed)
    }
}
