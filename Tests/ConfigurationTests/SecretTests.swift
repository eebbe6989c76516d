import Testing

@testable import Configuration

@Suite struct SecretTests {
    static let secret = "hunter2-very-secret"

    func file(_ keys: String) -> String {
        "connections:\n  a: {type: http, base_url: \"http://x\", \(keys)}\njobs: {}"
    }

    static let literal =
        "expected ${NAME} of an environment variable or file:PATH, found a literal value; keep secrets out of the file and change this one"

    @Test(arguments: [
        ("auth: {bearer: \(secret)}", "2:56: connections.a.auth.bearer: \(literal)"),
        ("auth: {basic: {user: u, password: \(secret)}}", "2:75: connections.a.auth.basic.password: \(literal)"),
        ("headers: {Authorization: Bearer \(secret)}", "2:66: connections.a.headers.Authorization: \(literal)"),
        ("headers: {x-api-key: \(secret)}", "2:62: connections.a.headers.x-api-key: \(literal)"),
        (
            "client_certificate: {cert: c, key_password: \(secret)}",
            "2:85: connections.a.client_certificate.key_password: \(literal)"
        ),
        (
            "proxy: \"http://u:\(secret)@p\"",
            "2:41: connections.a.proxy: the address holds credentials; expected ${NAME} of an environment variable or "
                + "file:PATH, keep secrets out of the file and change this one"
        ),
    ])
    func literalIsRefused(keys: String, message: String) {
        #expect(problems(file(keys)) == ["bobbin.yaml:" + message])
    }

    @Test(arguments: [
        (
            "auth: {bearer: \"${A}\"}",
            "2:48: connections.a.auth.bearer: the environment variable A is not set; set it and start again"
        ),
        (
            "auth: {bearer: \"${EMPTY}\"}",
            "2:48: connections.a.auth.bearer: the value is empty; set the variable or fill the file"
        ),
        (
            "auth: {bearer: \"${LINES}\"}",
            "2:48: connections.a.auth.bearer: the value has a line end or another control character"
        ),
        (
            "auth: {bearer: \"${A-B}\"}",
            "2:56: connections.a.auth.bearer: expected ${NAME} of an environment variable or file:PATH: "
                + "a variable's name in ${...} has letters, digits and _ only"
        ),
        (
            "auth: {bearer: \"${A\"}",
            "2:56: connections.a.auth.bearer: expected ${NAME} of an environment variable or file:PATH: a ${ is not closed"
        ),
        (
            "auth: {bearer: file:nowhere}",
            "2:48: connections.a.auth.bearer: the file \"nowhere\" cannot be read: NoSuchFile(); check its path and rights"
        ),
        (
            "auth: {bearer: file:two}",
            "2:48: connections.a.auth.bearer: the value has a line end or another control character"
        ),
        (
            "headers: {A: \"${A}\"}",
            "2:54: connections.a.headers.A: the environment variable A is not set; set it and start again"
        ),
        (
            "proxy: \"${SECRET}\"",
            "2:41: connections.a.proxy: expected a proxy's address: it begins with none of http://, https://, socks4://, socks5://, socks5h://"
        ),
    ])
    func messagesNameThePlaceNotTheValue(keys: String, message: String) {
        let found = problems(
            file(keys), variables: ["EMPTY": "", "LINES": Self.secret + "\n", "SECRET": Self.secret],
            files: ["two": Self.secret + "\nx\n"])
        #expect(found == ["bobbin.yaml:" + message])
    }

    @Test func webhookAndBaseURLAreNotShown() {
        let yaml = """
            connections:
              a: {type: http, base_url: "${SECRET}"}
              db: {type: sqlite, path: w}
            jobs: {j: {target: db, source: {connection: a, path: /x}, on_failure: {webhook: "${SECRET}"}}}
            """
        let found = problems(yaml, variables: ["SECRET": Self.secret])
        #expect(found.count == 2)
        #expect(!found.joined().contains(Self.secret))
    }

    @Test func secretsPrintAsStars() throws {
        let settings = try settings(file("auth: {bearer: \"x${A}\"}"), variables: ["A": Self.secret])
        guard case .http(let http) = settings.connections["a"], case .bearer(let token) = http.authorization else {
            throw NoSuchFile()
        }
        #expect(token.reveal() == "x" + Self.secret)
        #expect("\(token)" == "***" && String(reflecting: token) == "***")
        var dumped = ""
        dump(settings, to: &dumped)
        #expect(dumped.contains("***") && !dumped.contains(Self.secret))
        #expect(!"\(settings)".contains(Self.secret))
    }

    @Test func loadersNeedNoSecretsOfSources() throws {
        let yaml = """
            connections:
              a: {type: http, base_url: "https://${HOST}", auth: {bearer: "file:x"}, proxy: "${P}", headers: {a: "${H}"}}
              db: {type: sqlite, path: "${DB}"}
            jobs: {j: {target: db, source: {connection: a, path: /x}}}
            """
        let settings = try settings(yaml, variables: ["DB": "w.db"], needs: [.target])
        #expect(
            settings.connections["db"]
                == .sqlite(
                    SQLiteSettings(
                        path: "w.db", cacheSize: 32_000_000, walAutocheckpoint: nil, busyTimeout: .seconds(30))))
        #expect(problems(yaml, variables: ["DB": "w.db"]).count == 4)
    }

    static let inString =
        "connections.a.connection_string: it holds a password; move it to `password`, ${NAME} of an environment "
        + "variable or file:PATH, keep secrets out of the file and change this one"

    /// A connection string may take its password from outside, and no other.
    @Test(arguments: [
        ("Driver=x;PWD=hunter2;Server=y", true), ("Driver=x; password = {hunter2}", true),
        ("Driver=${A};Pwd=hunter2", true), ("PWD=file:secret", true), ("Driver=x;PWD=${A}", false),
        ("Driver=x;PWD={${A}}", false), ("Driver=x;PWD=", false), ("Driver={PWD=x};Server=y", false),
    ])
    func passwordsOfConnectionStrings(text: String, isRefused: Bool) {
        let found = problems(
            "connections:\n  a: {type: odbc, connection_string: \"\(text)\"}\njobs: {}")
        #expect(found.contains { $0.contains(Self.inString) } == isRefused, "\(found)")
        #expect(!found.contains { $0.contains("hunter2") })
    }

    @Test func aDriverOrADataSourceIsNeeded() {
        #expect(
            problems("connections:\n  a: {type: odbc, user: u}\njobs: {}").contains {
                $0.contains("name a driver and a server, or a `dsn`")
            })
        #expect(problems("connections:\n  a: {type: odbc, dsn: d}\njobs: {}") == [])
    }
}
