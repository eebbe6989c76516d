/// Base64 (RFC 4648 section 4), as credentials travel in headers.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// `text` without the padding at its end, so that it is found in both forms.
    static func unpadded(_ text: String) -> String {
        var digits: [UInt8] = []
        var bits = 0
        var count = 0
        for byte in text.utf8 {
            bits = (bits << 8 | Int(byte)) & 0xFFFF
            count += 8
            while count >= 6 {
                count -= 6
                digits.append(alphabet[bits >> count & 63])
            }
        }
        if count > 0 { digits.append(alphabet[bits << (6 - count) & 63]) }
        return String(decoding: digits, as: UTF8.self)
    }
}
