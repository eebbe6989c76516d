import Foundation
import Testing

@testable import HTTP

@Suite struct ValueTests {
    @Test(
        arguments: [
            ("0", 0.0), ("120", 120), (" 7 ", 7), ("99999999999999999999999999", 1e9),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 100), ("Sun, 06 Nov 1994 08:47:00 GMT", 0),
            ("", nil), ("-1", nil), ("1.5", nil), ("soon", nil), ("+3", nil), ("Sun, 32 Nov 1994 08:49:37 GMT", nil),
            ("Sun, 06 Nov 1994 24:49:37 GMT", nil), ("Sun, 06 Nov 1994 08:49:37 CET", nil), ("٣", nil),
            ("Wed, 29 Feb 2023 00:00:00 GMT", nil),
        ] as [(String, Double?)])
    func retryAfter(value: String, seconds: Double?) {
        #expect(RetryAfter.parse(value, now: 784_111_677) == seconds)
    }

    @Test(arguments: [
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
        ("Thu, 29 Feb 2024 23:59:59 GMT", 1_709_251_199), ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
        ("Mon, 01 Jan 0001 00:00:00 GMT", -62_135_596_800),
    ])
    func dates(text: String, seconds: Int) {
        #expect(HTTPDate.parse(text) == seconds)
    }

    @Test(
        arguments: [
            ("<b>; rel=next", "b"), ("<b>; rel=\"next\"", "b"), ("<b>;REL=\"prev NEXT\"", "b"),
            ("<a>; rel=prev, <b>; rel=next", "b"),
            ("<a?x=1,2;3>; title=\"<z>; rel=next, \\\" \"; rel=last,<b> ;rel = next", "b"),
            ("<b>; rel=next; rel=last", "b"), ("<b>; rel=last; rel=next", nil), ("<b>; rel=nextpage", nil),
            ("<b>; rel=next; anchor=\"#x\"", nil), ("", nil), (",, ,<b>; rel=next", "b"), ("<b; rel=next", nil),
            ("garbage, <b>; rel=next", nil), ("<>; rel=next", ""), ("<b>; flag; rel=next", "b"),
            ("<b>; rel=\"next", "b"),
        ] as [(String, String?)])
    func link(value: String, next: String?) {
        #expect(LinkHeader.next(value) == next)
    }

    /// RFC 3986 section 5.4, without fragments, which are never sent.
    @Test(arguments: [
        ("g", "http://a/b/c/g"), ("./g", "http://a/b/c/g"), ("g/", "http://a/b/c/g/"), ("/g", "http://a/g"),
        ("//g", "http://g/"), ("?y", "http://a/b/c/d;p?y"), ("g?y", "http://a/b/c/g?y"), ("#s", "http://a/b/c/d;p?q"),
        ("g#s", "http://a/b/c/g"), (";x", "http://a/b/c/;x"), ("", "http://a/b/c/d;p?q"), (".", "http://a/b/c/"),
        ("./", "http://a/b/c/"), ("..", "http://a/b/"), ("../g", "http://a/b/g"), ("../..", "http://a/"),
        ("../../../g", "http://a/g"), ("/./g", "http://a/g"), ("/../g", "http://a/g"), ("g..", "http://a/b/c/g.."),
        ("./g/.", "http://a/b/c/g/"), ("g/../h", "http://a/b/c/h"), ("g;x=1/../y", "http://a/b/c/y"),
        ("g?y/../x", "http://a/b/c/g?y/../x"), ("https://h:8443/p?q", "https://h:8443/p?q"),
        ("g?a=ü b", "http://a/b/c/g?a=%C3%BC+b"),
    ])
    func references(reference: String, url: String) throws {
        // Both cases of hexadecimal digits are right, and libcurl's versions differ.
        #expect(try URLReference.resolve(reference, against: "http://a/b/c/d;p?q").lowercased() == url.lowercased())
    }

    @Test(arguments: [
        ("https://u:p@h/x", "https://***@h/x"), ("https://h/x?a=1&api_key=s&b=2", "https://h/x?a=1&api_key=***&b=2"),
        ("https://h/?Access%5FToken=s", "https://h/?Access%5FToken=***"),
        ("https://h/?X-Amz-Signature=s#access_token=s", "https://h/?X-Amz-Signature=***#***"),
        (
            "https://h/?client_secret=s&password=s&sig=s&page=2",
            "https://h/?client_secret=***&password=***&sig=***&page=2"
        ),
        ("u:p@h", "***@h"), ("not a url", "not a url"), ("", ""), ("https://h/a@b", "https://h/a@b"),
        ("https://h?u=a@b", "https://h?u=a@b"), ("https://u:p@q@h/", "https://***@h/"),
    ])
    func redaction(url: String, shown: String) {
        #expect(Redaction.url(url) == shown)
    }

    @Test(arguments: ["", "a", "us", "user", "user:p\u{E4}ss", "\u{FF}\u{3FF}>?~"])
    func basicCredentialsAreHiddenInTheirSentForm(password: String) throws {
        var options = HTTPClientOptions(baseURL: "https://h")
        options.authorization = .basic(user: "user", password: password)
        let sent = Data("user:\(password)".utf8).base64EncodedString()
        let shown = try HTTPClient(options).redact("bad header 'Basic \(sent)'")
        #expect(shown == "bad header 'Basic ***\(String(repeating: "=", count: sent.count { $0 == "=" }))'", "\(shown)")
    }

    @Test func nothingPrintsSecrets() throws {
        var options = HTTPClientOptions(baseURL: "https://u:s3cret@h/?key=s3cret")
        options.headers = [("X-Api-Key", "s3cret")]
        options.proxy = Proxy(url: "http://u:s3cret@p", user: "u", password: "s3cret")
        options.clientCertificate = ClientCertificate(certificateFile: "c", keyPassword: "s3cret")
        let authorizations: [Authorization] = [
            .bearer("s3cret"), .basic(user: "u", password: "s3cret"),
            .oauth2(OAuth2Settings(tokenURL: "https://h/?key=s3cret", clientID: "c", clientSecret: "s3cret")),
        ]
        for authorization in authorizations {
            options.authorization = authorization
            let request = HTTPRequest(
                .get, "https://h/?token=s3cret", headers: [("a", "s3cret")], body: Array("s3cret".utf8))
            let values: [Any] = [
                options, authorization, request, options.proxy as Any, options.clientCertificate as Any,
            ]
            for value in values {
                var dumped = ""
                dump(value, to: &dumped)
                for text in [dumped, "\(value)", String(reflecting: value)] {
                    #expect(!text.contains("s3cret"), "\(text)")
                }
            }
        }
        options.baseURL = "https://h"
        let client = try HTTPClient(options)
        #expect(client.redact("a s3cret b s3cret") == "a *** b ***")
    }

    @Test(
        arguments: [
            (RetryPolicy.Strategy.exponential(initial: 1, multiplier: 2, max: 5, jitter: 0), [0, 1, 2, 4, 5, nil]),
            (.exponential(initial: 1, multiplier: 2, max: 5, jitter: 1), [0, 0.5, 1, 2, 2.5, nil]),
            (.exponential(initial: 1, multiplier: 1e300, max: 60, jitter: 0), [0, 1, 60, 60, 60, nil]),
            (.linear(initial: 1, increment: 3, max: 8), [0, 1, 4, 7, 8, nil]), (.fixed(2), [0, 2, 2, 2, 2, nil]),
            (.list([3, 9]), [0, 3, 9, 9, 9, nil]), (.list([]), [0, 0, 0, 0, 0, nil]),
            (.fixed(.nan), [0, 0, 0, 0, 0, nil]),
            (.fixed(-1), [0, 0, 0, 0, 0, nil]),
        ] as [(RetryPolicy.Strategy, [Double?])])
    func retries(strategy: RetryPolicy.Strategy, delays: [Double?]) {
        let policy = RetryPolicy(strategy: strategy, maxAttempts: 5)
        #expect((1...6).map { policy.delay(beforeAttempt: $0, random: 0.5) } == delays)
    }

    @Test(arguments: [(nil, 4.0), (1, 4), (60, 60), (1e9, 3_600), (.nan, 4)] as [(Double?, Double)])
    func retryAfterRaisesTheDelay(asked: Double?, delay: Double) {
        let policy = RetryPolicy(strategy: .fixed(4), maxAttempts: 3)
        #expect(policy.delay(beforeAttempt: 2, random: 0, retryAfter: asked) == delay)
        #expect(policy.delay(beforeAttempt: 4, random: 0, retryAfter: asked) == nil)
    }

    @Test func tokenBucket() {
        var bucket = TokenBucket(rate: 2, burst: 2)
        let times = [10.0, 10, 10, 10, 10.5, 100, 100, 100, 50]
        #expect(times.map { bucket.take(now: $0) } == [0, 0, 0.5, 1, 1, 0, 0, 0.5, 1])
    }
}
