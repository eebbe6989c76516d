import CCurl

/// An absolute http(s) URL as libcurl reads it, so that what is checked is what is used.
struct ResolvedURL: Sendable, Equatable {
    /// The URL, with spaces and non-ASCII bytes percent-encoded and dot segments removed.
    let text: String
    let origin: Origin

    /// Who a request talks to (RFC 6454): credentials never leave it.
    struct Origin: Sendable, Hashable {
        let scheme: String
        let host: String
        let port: String

        var text: String { "\(scheme)://\(host):\(port)" }
    }

    /// Parses `url`, or resolves it against `base` (RFC 3986 section 5). Throws a configuration error.
    init(_ url: String, against base: String? = nil) throws(HTTPError) {
        guard let handle = curl_url() else { throw HTTPError(.transient, .outOfMemory, "No memory to read a URL.") }
        defer { curl_url_cleanup(handle) }
        let flags = UInt32(CURLU_URLENCODE)
        var code = CURLUE_OK
        // Fragments are never sent, and libcurl resolves a lone one wrongly.
        let url = base == nil ? url : String(url.prefix { $0 != "#" })
        if let base { code = curl_url_set(handle, CURLUPART_URL, base, flags) }
        // An empty reference is the base itself without its fragment (section 5.2.2); libcurl refuses it.
        if code == CURLUE_OK, base == nil || !url.isEmpty { code = curl_url_set(handle, CURLUPART_URL, url, flags) }
        if code == CURLUE_OK, base != nil { code = curl_url_set(handle, CURLUPART_FRAGMENT, nil, 0) }
        let scheme = Self.part(CURLUPART_SCHEME, of: handle)?.lowercased() ?? ""
        guard code == CURLUE_OK, !url.utf8.contains(0), scheme == "http" || scheme == "https",
            let text = Self.part(CURLUPART_URL, of: handle), let host = Self.part(CURLUPART_HOST, of: handle)
        else {
            let reason =
                code == CURLUE_OK ? "only http and https are allowed" : String(cString: curl_url_strerror(code))
            throw HTTPError(
                .configuration, .invalidURL,
                "'\(Redaction.url(url))' is not an absolute http or https URL (\(reason)); correct base_url or path.")
        }
        self.text = text
        self.origin = Origin(scheme: scheme, host: host.lowercased(), port: Self.part(CURLUPART_PORT, of: handle) ?? "")
    }

    private static func part(_ part: CURLUPart, of handle: OpaquePointer) -> String? {
        // Asked for the whole URL, this flag would add the port to it.
        let flags = part == CURLUPART_PORT ? UInt32(CURLU_DEFAULT_PORT) : 0
        var value: UnsafeMutablePointer<CChar>?
        guard curl_url_get(handle, part, &value, flags) == CURLUE_OK, let value else { return nil }
        defer { curl_free(value) }
        return String(cString: value)
    }
}

/// References found in answers.
package enum URLReference {
    /// The absolute URL of `reference` on the page `base`, without a fragment (RFC 3986 section 5).
    package static func resolve(_ reference: String, against base: String) throws(HTTPError) -> String {
        try ResolvedURL(reference, against: base).text
    }
}
