import Synchronization
import Testing

@testable import HTTP

@Suite struct TransportTests {
    let peer = Peer.shared

    private func tls(_ change: (inout HTTPClientOptions) -> Void = { _ in }) throws(HTTPError) -> Session {
        try Session(
            Peer.options {
                $0.baseURL = peer.mutual
                $0.caFile = peer.directory + "/ca.pem"
                change(&$0)
            })
    }

    @Test func verifiesTheServer() throws {
        #expect(try tls().get(peer.tls + "/status/200").status == 200)
        let unknown = try tls { $0.caFile = nil }
        let error = failure { () throws(HTTPError) in _ = try unknown.get(peer.tls + "/") }
        #expect(error.category == .configuration && error.code == .tlsRejected)
        #expect(
            try tls {
                $0.caFile = nil; $0.verifyTLS = false
            }.get(peer.tls + "/status/200").status == 200)
        let missing = try tls { $0.caFile = "/nonexistent/ca.pem" }
        #expect(failure { () throws(HTTPError) in _ = try missing.get(peer.tls + "/") }.code == .tlsRejected)
    }

    @Test func wrongNameIsRefused() throws {
        let session = try tls()
        let url = "https://localhost" + peer.tls.dropFirst("https://127.0.0.1".count) + "/status/200"
        #expect(failure { () throws(HTTPError) in _ = try session.get(url) }.code == .tlsRejected)
    }

    @Test func plainServerBehindHTTPS() throws {
        let url = "https" + peer.main.dropFirst(4) + "/"
        let error = failure { () throws(HTTPError) in _ = try tls().get(url) }
        #expect(error.category == .configuration && error.code == .tlsRejected, "\(error)")
    }

    @Test(arguments: [("client.key", nil), ("client.locked.key", "keypass")] as [(String, String?)])
    func clientCertificate(key: String, password: String?) throws {
        let certificate = ClientCertificate(
            certificateFile: peer.directory + "/client.pem", keyFile: peer.directory + "/" + key, keyPassword: password)
        let session = try tls { $0.clientCertificate = certificate }
        #expect(try session.text(peer.mutual + "/subject").contains("client"))
    }

    @Test func clientCertificateMissingOrLocked() throws {
        let none = failure { () throws(HTTPError) in _ = try tls().get(peer.mutual + "/subject") }
        #expect(none.category == .configuration && none.code == .tlsRejected, "\(none)")
        let locked = ClientCertificate(
            certificateFile: peer.directory + "/client.pem", keyFile: peer.directory + "/client.locked.key",
            keyPassword: "wr0ngpass")
        let session = try tls { $0.clientCertificate = locked }
        let error = failure { () throws(HTTPError) in _ = try session.get(peer.mutual + "/subject") }
        #expect(error.code == .tlsRejected && !error.message.contains("wr0ngpass"))
    }

    @Test func clientCertificateStaysOnItsOrigin() throws {
        let certificate = ClientCertificate(
            certificateFile: peer.directory + "/client.pem", keyFile: peer.directory + "/client.key")
        let session = try tls {
            $0.clientCertificate = certificate
            $0.baseURL = peer.main
        }
        let url = peer.main + "/redirect?to=" + PercentEncoding.component(peer.mutual + "/subject")
        #expect(failure { () throws(HTTPError) in _ = try session.get(url) }.code == .tlsRejected)
    }

    @Test(arguments: [true, false])
    func proxy(inURL: Bool) throws {
        let proxy =
            inURL
            ? Proxy(url: "http://pu:pp@" + peer.proxy.dropFirst(7))
            : Proxy(url: peer.proxy, user: "pu", password: "pp")
        let session = try tls { $0.proxy = proxy }
        #expect(try session.text(peer.main + "/echo").contains("via: test-proxy\n"))
        #expect(!session.body.text.contains("proxy-authorization"))
        #expect(try session.get(peer.tls + "/status/200").status == 200)
    }

    @Test func proxyRefuses() throws {
        let session = try tls { $0.proxy = Proxy(url: "http://pu:wr0ngpass@" + peer.proxy.dropFirst(7)) }
        let plain = try session.get(peer.main + "/echo")
        #expect(failure { () throws(HTTPError) in try session.client.check(plain) }.category == .permission)
        let tunnel = failure { () throws(HTTPError) in _ = try session.get(peer.tls + "/") }
        #expect(tunnel.category == .permission && tunnel.code == .proxy && !tunnel.message.contains("wr0ngpass"))
    }

    @Test(arguments: ["nonsense://pu:wr0ngpass@h:1", "http://pu:wr0ngpass@127.0.0.1:1", "http://pu:wr0ngpass@h:x y"])
    func brokenProxyStaysSecret(url: String) throws {
        let session = try tls { $0.proxy = Proxy(url: url) }
        let error = failure { () throws(HTTPError) in _ = try session.get(peer.main + "/echo") }
        #expect(!error.message.contains("wr0ngpass"), "\(error)")
        #expect(error.category == (url.contains("127.0.0.1") ? .transient : .configuration), "\(error)")
    }

    @Test func aNameThatIsNotFoundStaysTransient() throws {
        let session = try Session(Peer.options { $0.baseURL = "http://nosuch.invalid" })
        // Each attempt, with the same connection: the second one once met a setting that libcurl did not take any more.
        for _ in 0..<3 {
            let error = failure { () throws(HTTPError) in _ = try session.get("http://nosuch.invalid/") }
            #expect(error.category == .transient, "\(error)")
        }
        #expect(try session.get("/status/200").status == 200)
    }

    @Test func aDeadProxyIsNamed() throws {
        let session = try tls { $0.proxy = Proxy(url: "http://pu:wr0ngpass@127.0.0.1:1") }
        let error = failure { () throws(HTTPError) in _ = try session.get(peer.main + "/echo") }
        #expect(error.message.contains("the proxy http://***@127.0.0.1:1"), "\(error)")
    }

    @Test func rateLimitSpacesRequests() throws {
        let clock = ManualClock()
        let options = Peer.options {
            $0.requestsPerSecond = 2
            $0.burst = 3
        }
        let session = try Session(options, clock: clock.clock)
        for _ in 0..<7 { _ = try session.get("/status/200") }
        #expect(abs(clock.slept - 2) < 1e-9 && clock.longestNap <= 0.25)
    }

    @Test func rateLimitIsSharedAndCancellable() throws {
        let clock = ManualClock()
        let client = try HTTPClient(Peer.options { $0.requestsPerSecond = 0.001 }, clock: clock.clock)
        _ = try HTTPConnection(client).perform(HTTPRequest(.get, peer.main + "/status/200"), into: BodyBuffer())
        let polls = Atomic<Int>(0)
        let second = try HTTPConnection(client, isCancelled: { polls.add(1, ordering: .relaxed).newValue > 5 })
        let error = failure { () throws(HTTPError) in
            _ = try second.perform(HTTPRequest(.get, peer.main + "/count/limited"), into: BodyBuffer())
        }
        #expect(error.category == .cancelled && clock.slept < 2)
    }

    @Test(arguments: [0, -1, Double.nan, .infinity])
    func wrongRates(rate: Double) {
        let error = failure { () throws(HTTPError) in _ = try HTTPClient(Peer.options { $0.requestsPerSecond = rate }) }
        #expect(error.code == .invalidOptions)
    }

    @Test(arguments: [Double.nan, .infinity, -5, 1e300, 0])
    func oddTimeOutsDoNotTrap(seconds: Double) throws {
        let session = try Session(
            Peer.options {
                $0.connectTimeout = seconds
                $0.requestTimeout = seconds
                $0.idleTimeout = seconds
            })
        #expect(try session.get("/status/200").status == 200)
    }
}
