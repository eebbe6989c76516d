internal import JSON

extension Base64 {
    /// `text` without the padding at its end, so that it is found in both forms.
    static func unpadded(_ text: String) -> String {
        String(encoded(text.utf8).prefix { $0 != "=" })
    }
}
