import CCurl
internal import Crypto
internal import JSON

/// What was wrong with a host's key, noted while libcurl asks.
final class HostKeyCheck {
    /// Why it was refused; nil while it was not.
    private(set) var problem: (isOther: Bool, fingerprint: String)?

    func note(_ key: curl_khkey?, isOther: Bool) {
        problem = (isOther, key.flatMap(HostKeyCheck.fingerprint) ?? "unknown")
    }

    /// The key's kind and `SHA256:` fingerprint, as ssh shows them.
    private static func fingerprint(_ key: curl_khkey) -> String? {
        guard let text = key.key else { return nil }
        let kind =
            switch key.keytype {
            case CURLKHTYPE_RSA: "ssh-rsa"
            case CURLKHTYPE_ECDSA: "ecdsa"
            case CURLKHTYPE_ED25519: "ssh-ed25519"
            case CURLKHTYPE_DSS: "ssh-dss"
            default: "key"
            }
        var raw: [UInt8]
        if key.len > 0 {
            raw = text.withMemoryRebound(to: UInt8.self, capacity: key.len) {
                Array(UnsafeBufferPointer(start: $0, count: key.len))
            }
        } else {
            let coded = Array(String(cString: text).utf8)
            raw = Array(repeating: 0, count: coded.count)
            guard
                let count = raw.withUnsafeMutableBufferPointer({ room -> Int? in
                    guard let base = room.baseAddress else { return nil }
                    return coded.withUnsafeBufferPointer { source in
                        source.baseAddress.flatMap { Base64.decode($0, coded.count, to: base) }
                    }
                })
            else { return nil }
            raw.removeLast(raw.count - count)
        }
        return "\(kind) SHA256:\(Base64.encoded(SHA256.hash(data: raw)).prefix { $0 != "=" })"
    }
}
