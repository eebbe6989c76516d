/// Hides secrets in texts for people.
package enum Redaction {
    /// What stands in place of a secret.
    package static let mark = "***"

    /// A URL without its userinfo, its fragment and the values of query parameters that are named like secrets.
    /// Works on any text, also on what is not a URL.
    package static func url(_ text: String) -> String {
        var rest = text[...]
        var result = ""
        if let scheme = rest.firstRange(of: "://") {
            result += rest[..<scheme.upperBound]
            rest = rest[scheme.upperBound...]
        }
        let end = rest.firstIndex(where: { "/?#".contains($0) }) ?? rest.endIndex
        // A password may hold a raw slash, so an @ further on still ends the userinfo unless a path began first.
        if let at = rest[..<end].lastIndex(of: "@") {
            result += mark + "@"
            rest = rest[rest.index(after: at)...]
        }
        let fragment = rest.firstIndex(of: "#") ?? rest.endIndex
        let hasFragment = fragment < rest.endIndex
        rest = rest[..<fragment]
        guard let question = rest.firstIndex(of: "?") else { return result + rest + (hasFragment ? "#" + mark : "") }
        result += rest[...question]
        let pairs = rest[rest.index(after: question)...].split(separator: "&", omittingEmptySubsequences: false)
        let shown = pairs.map { pair -> String in
            guard let equals = pair.firstIndex(of: "="), isSecret(name: PercentEncoding.decode(pair[..<equals])) else {
                return String(pair)
            }
            return pair[...equals] + mark
        }
        return result + shown.joined(separator: "&") + (hasFragment ? "#" + mark : "")
    }

    /// Scheme, host and port of a URL; of a webhook, the path may be the secret.
    package static func origin(_ text: String) -> String { (try? ResolvedURL(text)).map { $0.origin.text } ?? mark }

    /// Whether a parameter or header of this name usually carries a secret.
    package static func isSecret(name: String) -> Bool {
        let lower = name.lowercased()
        let parts = ["token", "key", "secret", "passw", "pwd", "signature", "auth", "credential", "session", "cookie"]
        return parts.contains(where: lower.contains) || ["sig", "pass", "jwt", "code", "sas"].contains(lower)
    }

    /// `text` with each occurrence of each secret, plain or percent-encoded, replaced.
    static func scrub(_ text: String, of secrets: [String]) -> String {
        var result = text
        for secret in secrets where !secret.isEmpty {
            for form in [secret, PercentEncoding.component(secret)] where result.contains(form) {
                result = result.split(separator: form, omittingEmptySubsequences: false).joined(separator: mark)
            }
        }
        return result
    }
}

/// A value whose every printed form (`print`, `debugPrint`, `dump`) is its redacted `description`.
package protocol RedactedDescription: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {}

extension RedactedDescription {
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}

extension StringProtocol {
    /// The first place of `text`, byte for byte: no Unicode equivalence, and no Foundation.
    func firstRange(of text: String) -> Range<Index>? {
        let needle = Array(text.utf8)
        guard !needle.isEmpty else { return nil }
        var start = utf8.startIndex
        while start < utf8.endIndex {
            var at = start
            var matched = 0
            while matched < needle.count, at < utf8.endIndex, utf8[at] == needle[matched] {
                at = utf8.index(after: at)
                matched += 1
            }
            if matched == needle.count { return start..<at }
            start = utf8.index(after: start)
        }
        return nil
    }
}
