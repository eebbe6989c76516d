import Testing

@testable import HTTP

@Suite struct RedirectTests {
    let peer = Peer.shared

    private func options(_ change: (inout HTTPClientOptions) -> Void = { _ in }) -> HTTPClientOptions {
        Peer.options {
            $0.authorization = .bearer("t0psecret")
            $0.headers = [("X-Api-Key", "k3y"), ("Accept", "a/b")]
            change(&$0)
        }
    }

    private func redirect(to url: String, status: Int = 302) -> String {
        peer.main + "/redirect?status=\(status)&to=" + PercentEncoding.component(url)
    }

    @Test func credentialsStayOnTheirOrigin() throws {
        let session = try Session(options())
        #expect(try session.get(redirect(to: "/echo")).effectiveURL == peer.main + "/echo")
        #expect(session.body.text.contains("x-api-key: k3y\n"))
        #expect(session.body.text.contains("authorization: Bearer t0psecret"))

        let own: [(name: String, value: String)] = [("X-Session", "s3ss"), ("If-None-Match", "v")]
        let response = try session.get(redirect(to: peer.other + "/echo"), headers: own)
        #expect(response.effectiveURL == peer.other + "/echo" && response.status == 200)
        for secret in ["t0psecret", "k3y", "s3ss", "authorization"] { #expect(!session.body.text.contains(secret)) }
        #expect(session.body.text.contains("accept: a/b\n") && session.body.text.contains("if-none-match: v"))
    }

    @Test func aForeignFirstURLGetsNoCredentialsUnlessTrusted() throws {
        let strict = try Session(options())
        #expect(try !strict.text(peer.other + "/echo").contains("t0psecret"))
        let trusting = try Session(options { $0.trustedOrigins = [peer.other] })
        #expect(try trusting.text(peer.other + "/echo").contains("t0psecret"))
        let free = try Session(options { $0.baseURL = nil })
        #expect(try free.text(peer.other + "/echo").contains("t0psecret"))
        #expect(try !free.text(redirect(to: peer.other + "/echo")).contains("t0psecret"))
    }

    @Test func credentialsComeBackOnTheWayHome() throws {
        let session = try Session(options())
        let home = peer.other + "/redirect?to=" + PercentEncoding.component(peer.main + "/echo")
        #expect(try session.text(redirect(to: home)).contains("t0psecret"))
    }

    @Test(arguments: [
        (301, HTTPRequest.Method.post, "GET"), (302, .post, "GET"), (303, .put, "GET"), (302, .put, "PUT"),
        (307, .post, "POST"), (308, .post, "POST"),
    ])
    func methods(status: Int, sent: HTTPRequest.Method, arrived: String) throws {
        let session = try Session()
        let request = HTTPRequest(
            sent, redirect(to: "/echo", status: status), headers: [("Content-Type", "a/b")], body: Array("data".utf8))
        #expect(try session.send(request).method.rawValue == arrived)
        #expect(session.body.text.hasPrefix(arrived + " /echo"))
        #expect(session.body.text.hasSuffix("data") == (arrived != "GET"))
        #expect(session.body.text.contains("content-type: a/b") == (arrived != "GET"))
    }

    @Test func endlessRedirects() throws {
        let error = failure { () throws(HTTPError) in _ = try Session().get("/loop/0") }
        #expect(error.code == .tooManyRedirects && error.category == .configuration)
        #expect(error.message.contains("/loop/11"))
    }

    @Test(arguments: ["ftp://127.0.0.1/x", "file:///etc/passwd"])
    func onlyToHTTP(url: String) throws {
        let session = try Session()
        let error = failure { () throws(HTTPError) in _ = try session.get(redirect(to: url)) }
        #expect(error.category == .configuration && error.code == .invalidURL)
    }

    @Test func notModifiedIsNoRedirect() throws {
        #expect(try Session().get("/status/304?Location=/echo").status == 304)
    }
}
