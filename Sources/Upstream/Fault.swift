/// A way in which an upstream misbehaves.
package enum Fault: Sendable, Hashable, CustomStringConvertible {
    /// An error status; 429 and 503 carry `Retry-After`.
    case status(Int)
    /// No answer at all.
    case timeout
    /// The connection closes in the middle of the body.
    case cut
    /// Status 200 with an HTML page, as a proxy or a login wall sends.
    case html
    /// The body arrives slowly.
    case slow
    /// Status 200 with a body that ends in the middle of a value.
    case badJSON
    /// The connection is reset before an answer.
    case reset

    /// What can be named, for messages.
    package static let names = "a status from 400 to 599, timeout, cut, html, slow, badjson or reset"

    /// Parses a name; nil when unknown.
    package init?(_ name: some StringProtocol) {
        switch name {
        case "timeout": self = .timeout
        case "cut": self = .cut
        case "html": self = .html
        case "slow": self = .slow
        case "badjson": self = .badJSON
        case "reset": self = .reset
        default:
            guard let status = Int(name), (400...599).contains(status) else { return nil }
            self = .status(status)
        }
    }

    /// The name it is asked for by.
    package var description: String {
        switch self {
        case .status(let status): String(status)
        case .timeout: "timeout"
        case .cut: "cut"
        case .html: "html"
        case .slow: "slow"
        case .badJSON: "badjson"
        case .reset: "reset"
        }
    }

    /// The reply that stands in for the real one; nil when the real one is needed, to be spoilt.
    func replacement(_ settings: Settings) -> Reply? {
        var reply: Reply
        switch self {
        case .status(let status):
            reply = UpstreamError(.injected, "Injected error \(status).", status: status).reply
            if status == 429 || status == 503 {
                reply.headers.append(("Retry-After", String(settings.retryAfter)))
            }
        case .timeout:
            reply = Reply(json: [])
            reply.delivery = .silent(milliseconds: settings.timeoutMilliseconds)
        case .reset:
            reply = Reply(json: [])
            reply.delivery = .reset
        case .html:
            reply = Reply(json: Array("<!DOCTYPE html>\n<html><body><h1>Please sign in</h1></body></html>\n".utf8))
            reply.headers = [("Content-Type", "text/html; charset=utf-8")]
        case .cut, .slow, .badJSON:
            return nil
        }
        reply.injected = description
        return reply
    }

    /// Spoils a good reply; an error stays what it is.
    func spoil(_ reply: inout Reply, _ settings: Settings) {
        guard reply.status == 200 else { return }
        switch self {
        case .cut: reply.delivery = .cut(after: reply.body.count / 2)
        case .slow: reply.delivery = .dripped(milliseconds: settings.slowMilliseconds)
        case .badJSON:
            // The last byte closes the document, so any shorter text is no JSON.
            reply.body.removeLast((reply.body.count + 1) / 2)
            reply.rows = 0
        case .status, .timeout, .html, .reset: return
        }
        reply.injected = description
    }
}
