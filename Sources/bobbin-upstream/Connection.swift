import FlyingFox
import Foundation
import Glibc

/// What the HTTP library does not offer: breaking a TCP connection the hard way.
enum Connection {
    /// Resets the connection of the request that is being handled, so that the client sees ECONNRESET. The library hides
    /// the socket, but it stays open while its request is handled: it is the one whose peer has this port.
    static func reset(from peer: HTTPRequest.Address?) {
        let port: UInt16
        switch peer {
        case .ip4(_, let number), .ip6(_, let number): port = number
        case .unix, nil: return
        }
        for descriptor in descriptors where peerPort(of: descriptor) == port {
            // Connecting to no address drops a TCP connection with RST.
            var none = sockaddr()
            none.sa_family = sa_family_t(AF_UNSPEC)
            _ = connect(descriptor, &none, socklen_t(MemoryLayout<sockaddr>.size))
        }
    }

    /// Turns off Nagle's algorithm for the listening socket and so for all it accepts. The library writes head and body
    /// apart, and a short body would wait for the client's delayed acknowledgement of the head, some 40 ms.
    static func sendWithoutDelay() {
        for descriptor in descriptors where isListening(descriptor) {
            var on: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    private static var descriptors: [Int32] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []).compactMap { Int32($0) }
    }

    private static func isListening(_ descriptor: Int32) -> Bool {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) == 0 && value != 0
    }

    private static func peerPort(of descriptor: Int32) -> UInt16? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutableBytes(of: &storage) { bytes in
            guard let base = bytes.baseAddress,
                getpeername(descriptor, base.assumingMemoryBound(to: sockaddr.self), &length) == 0
            else { return nil }
            let family = Int32(bytes.loadUnaligned(as: sa_family_t.self))
            // The port stands at the same place in sockaddr_in and sockaddr_in6, in network order.
            guard family == AF_INET || family == AF_INET6 else { return nil }
            return UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
        }
    }
}
