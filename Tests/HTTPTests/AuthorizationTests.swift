import Glibc
import Synchronization
import Testing

@testable import HTTP

@Suite struct AuthorizationTests {
    let peer = Peer.shared

    private func oauth(
        _ client: String, path: String = "/token", secret: String = "s:cret&ö", style: OAuth2Settings.Style = .header
    ) -> HTTPClientOptions {
        Peer.options {
            $0.authorization = .oauth2(
                OAuth2Settings(
                    tokenURL: peer.main + path, clientID: client, clientSecret: secret, scopes: ["read", "list"],
                    audience: "api", style: style))
        }
    }

    @Test func basic() throws {
        let right = try Session(Peer.options { $0.authorization = .basic(user: "user", password: "pä:ss") })
        #expect(try right.get("/basic").status == 200)
        let wrong = try Session(Peer.options { $0.authorization = .basic(user: "user", password: "other") })
        #expect(try wrong.get("/basic").status == 401)
    }

    @Test(arguments: [OAuth2Settings.Style.header, .body])
    func oneTokenForManyRequests(style: OAuth2Settings.Style) throws {
        let plain = "plain-\(style.rawValue)"
        let second = try Session(oauth(plain, style: style))
        for _ in 0..<3 { #expect(try second.get("/resource/\(plain)").status == 200) }
        #expect(try Session().text("/count/token/\(plain)?peek") == "1")
    }

    @Test func singleFlightAmongThreads() throws {
        let client = try HTTPClient(oauth("flight"))
        let ok = Mutex(0)
        inThreads(8) {
            guard let connection = try? HTTPConnection(client) else { return }
            let request = HTTPRequest(.get, Peer.shared.main + "/resource/flight")
            if (try? connection.perform(request, into: BodyBuffer()).status) == 200 { ok.withLock { $0 += 1 } }
        }
        #expect(ok.withLock { $0 } == 8)
        #expect(try Session().text("/count/token/flight?peek") == "1")
    }

    @Test(arguments: [(3_600.0, 30.0), (20, 2)])
    func renewedShortlyBeforeItsEnd(lifetime: Double, margin: Double) throws {
        let clock = ManualClock()
        let name = "renew-\(Int(lifetime))"
        let session = try Session(oauth(name, path: "/token?lifetime=\(Int(lifetime))"), clock: clock.clock)
        _ = try session.get("/resource/\(name)")
        clock.advance(lifetime - margin - 0.5)
        _ = try session.get("/resource/\(name)")
        #expect(session.body.text == "Bearer token-\(name)-1")
        clock.advance(1)
        _ = try session.get("/resource/\(name)")
        #expect(session.body.text == "Bearer token-\(name)-2")
    }

    @Test func oldTokenServesWhileRenewingFails() throws {
        let clock = ManualClock()
        let session = try Session(oauth("outage", path: "/token?lifetime=1000&until=1"), clock: clock.clock)
        _ = try session.get("/resource/outage")
        clock.advance(980)
        #expect(try session.get("/resource/outage").status == 200)
        clock.advance(30)
        let error = failure { () throws(HTTPError) in _ = try session.get("/resource/outage") }
        #expect(error.category == .transient && error.code == .token && error.status == 503)
    }

    @Test func refusedTokenIsDroppedAndRetriedOnce() throws {
        let session = try Session(oauth("revoked"))
        _ = try session.get("/resource/revoked")
        _ = try session.get("/revoke/revoked")
        #expect(try session.get("/resource/revoked").status == 200)
        #expect(session.body.text == "Bearer token-revoked-2")
        // A fresh token that is refused is not asked for again and again.
        #expect(try session.get("/resource/revoked?never").status == 401)
        #expect(try Session().text("/count/token/revoked?peek") == "3")
        #expect(try Session().text("/count/resource/revoked?peek") == "5")
        #expect(try Session(oauth("fresh")).get("/resource/fresh?never").status == 401)
        #expect(try Session().text("/count/token/fresh?peek") == "1")
    }

    @Test(arguments: [OAuth2Settings.Style.header, .body])
    func wrongSecretIsPermissionAndStaysSecret(style: OAuth2Settings.Style) throws {
        let options = oauth("wrong-\(style.rawValue)", secret: "n0tr1ght", style: style)
        let error = failure { () throws(HTTPError) in _ = try Session(options).get("/resource/x") }
        #expect(error.category == .permission && error.code == .token && error.message.contains("invalid_client"))
        #expect(!error.message.contains("n0tr1ght"))
    }

    /// Whatever a token endpoint answers with 200: no token, no crash, and a message that names it.
    @Test(arguments: [
        "[]", "{", "%22a%22", #"{"a":}"#, #"{"access_token":"#, #"{"access_token":"x"#, #"{"access_token":7}"#,
        #"{"access_token":""}"#, #"{"access_token":"%5Cu12"}"#, #"{"nested":{"access_token":"x"}}"#, "%00",
    ])
    func anAnswerWithoutATokenIsNamed(_ answer: String) throws {
        let session = try Session(oauth("odd-\(answer.utf8.count)", path: "/token?answer=\(answer)"))
        let error = failure { () throws(HTTPError) in _ = try session.get("/resource/odd") }
        #expect(error.code == .token && error.message.contains("200 without an access_token"), "\(error.message)")
    }

    @Test func thoseWhoWaitedThroughAFailureShareIt() throws {
        let cache = TokenCache()
        let fetched = Mutex(0)
        func ask(_ seen: Int) -> HTTPError {
            failure { () throws(HTTPError) in
                _ = try cache.token(waitingSince: seen, clock: .system, isCancelled: { false }) {
                    () throws(HTTPError) -> (value: String, lifetime: Double?) in
                    let n = fetched.withLock {
                        $0 += 1
                        return $0
                    }
                    throw HTTPError(.transient, .token, "down \(n)")
                }
            }
        }
        let before = cache.endedFetches
        #expect(ask(before).message == "down 1")
        #expect(ask(before).message == "down 1")
        #expect(ask(cache.endedFetches).message == "down 2")
    }
}

/// Runs `work` on `count` threads at once and waits for all.
func inThreads(_ count: Int, _ work: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let work: @Sendable () -> Void
        init(_ work: @escaping @Sendable () -> Void) { self.work = work }
    }
    let threads = (0..<count).map { _ in
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Box(work)).toOpaque()
        pthread_create(
            &thread, nil,
            { box in
                if let box { Unmanaged<Box>.fromOpaque(box).takeRetainedValue().work() }
                return nil
            }, box)
        return thread
    }
    for thread in threads { pthread_join(thread, nil) }
}
