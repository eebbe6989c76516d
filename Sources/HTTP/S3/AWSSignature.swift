internal import Crypto

/// AWS Signature Version 4 of a request without a body (AWS, "Signature Version 4 signing process", and for S3
/// "Authenticating Requests: Using the Authorization Header").
///
/// Not libcurl's own: up to 8.x it signs a query as it stands, unsorted, and some characters of paths otherwise than servers do.
package struct AWSSignature: Sendable {
    /// An access key. Prints without its secrets.
    package struct Credentials: Sendable, RedactedDescription {
        package let accessKey: String
        package let secretKey: String
        /// Of temporary credentials.
        package let sessionToken: String?

        /// Makes credentials.
        package init(accessKey: String, secretKey: String, sessionToken: String? = nil) {
            self.accessKey = accessKey
            self.secretKey = secretKey
            self.sessionToken = sessionToken
        }

        package var description: String { "Credentials(\(accessKey))" }
    }

    /// The SHA-256 of no bytes.
    static let emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    let credentials: Credentials
    let region: String
    let service: String

    /// Signs for a service of a region.
    package init(_ credentials: Credentials, region: String, service: String = "s3") {
        self.credentials = credentials
        self.region = region
        self.service = service
    }

    /// The value of the Authorization header.
    ///
    /// - Parameters:
    ///   - path: the path as it is sent, percent-encoded once.
    ///   - query: names and values, not encoded, in any order.
    ///   - headers: all headers that are signed, `host` and `x-amz-date` among them.
    ///   - time: `YYYYMMDD'T'HHMMSS'Z'`, the same as in `x-amz-date`.
    func authorization(
        _ method: String, path: String, query: [(String, String)], headers: [(name: String, value: String)],
        time: String,
        payload: String = AWSSignature.emptyHash
    ) -> String {
        let signed = headers.map { ($0.name.lowercased(), Self.folded($0.value)) }.sorted { $0.0 < $1.0 }
        let names = signed.map(\.0).joined(separator: ";")
        let canonical = [
            method, path, Self.canonical(query), signed.map { "\($0.0):\($0.1)\n" }.joined(), names, payload,
        ].joined(separator: "\n")
        let day = String(time.prefix(8))
        let scope = "\(day)/\(region)/\(service)/aws4_request"
        let text = ["AWS4-HMAC-SHA256", time, scope, Self.hex(SHA256.hash(data: Array(canonical.utf8)))]
            .joined(separator: "\n")
        var key = Self.mac(Array("AWS4\(credentials.secretKey)".utf8), day)
        for part in [region, service, "aws4_request"] { key = Self.mac(key, part) }
        return "AWS4-HMAC-SHA256 Credential=\(credentials.accessKey)/\(scope), SignedHeaders=\(names), "
            + "Signature=\(Self.hex(Self.mac(key, text)))"
    }

    /// The query as it is signed and sent: encoded, then sorted by name and value.
    static func canonical(_ query: [(String, String)]) -> String {
        query.map { (PercentEncoding.component($0.0), PercentEncoding.component($0.1)) }
            .sorted { $0.0 == $1.0 ? $0.1 < $1.1 : $0.0 < $1.0 }
            .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }

    /// `YYYYMMDD'T'HHMMSS'Z'` of Unix seconds.
    static func time(_ seconds: Double) -> String {
        let whole = Int(seconds.rounded(.down))
        let date = HTTPDate.civil(days: Int((Double(whole) / 86_400).rounded(.down)))
        let second = whole - Int((Double(whole) / 86_400).rounded(.down)) * 86_400
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return
            "\(date.year)\(two(date.month))\(two(date.day))T\(two(second / 3600))\(two(second / 60 % 60))\(two(second % 60))Z"
    }

    /// Without white space at the ends, and with one space for several.
    private static func folded(_ value: String) -> String {
        value.split(separator: " ").joined(separator: " ")
    }

    private static func mac(_ key: [UInt8], _ text: String) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: SymmetricKey(data: key)))
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
