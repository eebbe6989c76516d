import Glibc
import Synchronization
import Testing

@testable import HTTP

@Suite struct ExchangeTests {
    let peer = Peer.shared

    @Test(arguments: [1, 4_096, 65_536, 65_537, 1_000_003])
    func bodyArrivesWholeWithReadablePadding(size: Int) throws {
        let session = try Session()
        // The second time the buffer already holds a larger answer's bytes.
        for _ in 0..<2 {
            let response = try session.get("/bytes/\(size)")
            #expect(response.status == 200 && response.wireBytes == size && response.isEndMarked)
            #expect(session.body.bytes.elementsEqual((0..<size).lazy.map { UInt8($0 * 7 % 251) }))
            let padding = UnsafeRawBufferPointer(start: session.body.base + size, count: BodyBuffer.padding)
            #expect(padding.allSatisfy { $0 == 0 })
        }
        _ = try session.get("/bytes/3")
        #expect(session.body.count == 3)
    }

    @Test func bufferIsReservedOnceFromContentLength() throws {
        let session = try Session()
        _ = try session.get("/bytes/1000000")
        #expect(session.body.capacity == 1_000_000)
    }

    @Test func decodesGzip() throws {
        let session = try Session()
        let response = try session.get("/gzip/100000")
        #expect(session.body.count == 1_000_000 && response.wireBytes < 10_000)
        #expect(session.body.bytes.starts(with: "0123456789".utf8))
    }

    @Test func offersEveryCodingAndKeepsTheConnection() throws {
        let session = try Session()
        #expect(try session.text("/echo").contains("accept-encoding: deflate, gzip, br, zstd"))
        let first = try session.text("/port")
        #expect(try session.text("/port") == first)
        // A status error must not cost the connection.
        _ = try session.get("/status/500")
        #expect(try session.text("/port") == first)
    }

    @Test func sendsMethodHeadersAndBody() throws {
        let session = try Session(Peer.options { $0.headers = [("X-All", "1"), ("Accept", "a/b")] })
        for method in [HTTPRequest.Method.post, .put, .patch, .delete, .get] {
            let request = HTTPRequest(
                method, peer.main + "/echo?a=b%20c", headers: [("accept", "x/y"), ("X-Empty", "")],
                body: Array("payload \u{1F9F5}".utf8))
            #expect(try session.send(request).status == 200)
            #expect(session.body.text.hasPrefix("\(method.rawValue) /echo?a=b%20c\n"))
            #expect(session.body.text.hasSuffix("\n\npayload \u{1F9F5}"))
            #expect(session.body.text.contains("x-all: 1\n") && session.body.text.contains("accept: x/y\n"))
            #expect(session.body.text.contains("x-empty: \n") && !session.body.text.contains("a/b"))
            #expect(!session.body.text.contains("content-type") && !session.body.text.contains("expect:"))
        }
        _ = try session.send(HTTPRequest(.post, peer.main + "/echo"))
        #expect(session.body.text.contains("content-length: 0\n"))
        #expect(try session.send(HTTPRequest(.head, peer.main + "/bytes/5000")).header("content-length") == "5000")
        #expect(session.body.count == 0)
    }

    @Test func headersByLowerCaseName() throws {
        let session = try Session()
        let response = try session.get("/status/200?ETag=%22v1%22&X-Odd=a&x-odd=b&Retry-After=7")
        #expect(response.header("etag") == "\"v1\"" && response.header("x-odd") == "a, b")
        #expect(response.header("date") != nil && response.header("none") == nil)
        #expect(response.retryAfter(now: 0) == 7)
    }

    @Test func followsLinksToTheLastPage() throws {
        let session = try Session()
        var next: String? = peer.main + "/page/1"
        var bodies: [String] = []
        while let url = next {
            next = try session.get(url).nextLink()
            bodies.append(session.body.text)
        }
        #expect(bodies == ["1", "2", "3"])
    }

    @Test(
        arguments: [
            (200, nil), (204, nil), (304, nil), (400, .configuration), (401, .permission), (403, .permission),
            (404, .configuration), (408, .transient), (410, .configuration), (425, .transient), (429, .transient),
            (500, .transient), (503, .transient), (599, .transient),
        ] as [(Int, HTTPError.Category?)])
    func statusClasses(status: Int, category: HTTPError.Category?) throws {
        let session = try Session()
        let response = try session.get("/status/\(status)?Retry-After=12&token=t0psecret")
        #expect(response.status == status)
        guard let category else { return try session.client.check(response, body: session.body) }
        let error = failure { () throws(HTTPError) in try session.client.check(response, body: session.body) }
        #expect(error.category == category && error.code == .status && error.status == status)
        #expect(error.retryAfter == 12)
        #expect(error.message.contains("answered \(status): \"told you so\"") && !error.message.contains("t0psecret"))
    }

    @Test(
        arguments: [
            ("length", .partialBody), ("chunks", .partialBody), ("reset", .connectionLost),
            ("nothing", .connectionLost),
        ] as [(String, HTTPError.Code)])
    func cutAnswersAreTransient(how: String, code: HTTPError.Code) throws {
        let session = try Session()
        let error = failure { () throws(HTTPError) in _ = try session.get("/cut/\(how)?key=t0psecret") }
        #expect(error.category == .transient && error.code == code, "\(error)")
        #expect(error.message.contains("/cut/\(how)?key=***") && !error.message.contains("t0psecret"))
        #expect(try session.get("/status/200").status == 200)
    }

    @Test(arguments: ["cut=12", "damage"])
    func cutAndDamagedGzipIsTransient(how: String) throws {
        let session = try Session()
        let error = failure { () throws(HTTPError) in _ = try session.get("/gzip/1000?\(how)") }
        #expect(error.category == .transient && error.code == (how == "damage" ? .badEncoding : .partialBody))
    }

    @Test func anUnmarkedEndIsSeen() throws {
        let session = try Session()
        #expect(try session.get("/cut/unmarked").isEndMarked == false)
        #expect(session.body.text == "0123456789")
    }

    @Test func timeOutAndIdleTimeOut() throws {
        let whole = try Session(Peer.options { $0.requestTimeout = 0.2 })
        let idle = try Session(Peer.options { $0.idleTimeout = 0.5 })
        for session in [whole, idle] {
            let error = failure { () throws(HTTPError) in _ = try session.get("/slow") }
            #expect(error.category == .transient && error.code == .timedOut, "\(error)")
        }
    }

    @Test func noListenerAndNoSuchHost() throws {
        let session = try Session()
        // Port 1 of the loopback has no listener.
        let refused = failure { () throws(HTTPError) in _ = try session.get("http://127.0.0.1:1/") }
        #expect(refused.category == .transient && refused.code == .connectFailed)
        let unknown = failure { () throws(HTTPError) in _ = try session.get("http://no-such-host.invalid/") }
        #expect(unknown.category == .transient && unknown.code == .unresolvedHost)
    }

    @Test func cancelEndsABlockedTransferWithinASecond() throws {
        let body = BodyBuffer()
        var flagged: Double?
        // True from the first question after the only byte has come: from then on the server is silent.
        let connection = try HTTPConnection(HTTPClient(Peer.options())) {
            if flagged == nil, body.count > 0 { flagged = HTTPClock.system.now() }
            return flagged != nil && HTTPClock.system.now() > (flagged ?? 0) + 0.05
        }
        let slow = HTTPRequest(.get, peer.main + "/slow")
        let error = failure { () throws(HTTPError) in _ = try connection.perform(slow, into: body) }
        let ended = HTTPClock.system.now()
        #expect(error.category == .cancelled)
        // Half a second of grace for a busy machine.
        #expect(ended - (try #require(flagged)) < 1.55)
        // Once cancelled, nothing more is sent.
        let request = HTTPRequest(.get, peer.main + "/count/after-cancel")
        let later = failure { () throws(HTTPError) in _ = try connection.perform(request, into: body) }
        #expect(later.category == .cancelled)
        #expect(try Session().text("/count/after-cancel?peek") == "0")
    }

    @Test func tooLargeBodies() throws {
        let session = try Session(Peer.options { $0.maximumBodyBytes = 50_000 })
        for path in ["/bytes/50001", "/gzip/100000"] {
            let error = failure { () throws(HTTPError) in _ = try session.get(path) }
            #expect(error.category == .configuration && error.code == .bodyTooLarge)
            #expect(session.body.capacity < 200_000)
        }
        #expect(try session.get("/bytes/50000").status == 200)
    }

    @Test(arguments: [
        "", "no scheme", "ftp://h/", "file:///etc/passwd", "http://", "http://h:99999/", "http://h/\u{1}", "gopher://x",
    ])
    func badURLs(url: String) throws {
        let session = try Session()
        let error = failure { () throws(HTTPError) in _ = try session.send(HTTPRequest(.get, url)) }
        #expect(error.category == .configuration && error.code == .invalidURL)
    }

    @Test func headersCannotBeSmuggled() throws {
        let session = try Session()
        for (name, value) in [("X", "a\r\nEvil: 1"), ("X: b", "c"), ("", "x"), ("X", "nul\0")] {
            let error = failure { () throws(HTTPError) in _ = try session.get("/echo", headers: [(name, value)]) }
            #expect(error.code == .invalidHeader && !error.message.contains("Evil"))
        }
    }
}
