/// What Bobbin asks of an address before anything is sent to it.
enum URLText {
    /// Why a text is not a usable `http` or `https` address; the reason never shows the address.
    static func problem(in text: String, allowingCredentials: Bool = false, schemes: [String] = ["http", "https"])
        -> String?
    {
        guard let scheme = schemes.first(where: { text.lowercased().hasPrefix($0 + "://") }) else {
            return "it begins with none of \(schemes.map { $0 + "://" }.joined(separator: ", "))"
        }
        guard text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F }) else {
            return "it has a space or a control character"
        }
        let authority = text.utf8.dropFirst(scheme.utf8.count + 3).prefix { !"/?#".utf8.contains($0) }
        if !allowingCredentials, authority.contains(UInt8(ascii: "@")) {
            return "it holds credentials; move them to auth"
        }
        let host = authority.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false).last ?? authority
        return host.isEmpty || host.first == UInt8(ascii: ":") ? "it names no host" : nil
    }
}
