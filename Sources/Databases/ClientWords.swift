/// The words of client libraries, which break lines as they like.
enum ClientWords {
    /// A text in one line: a semicolon stands between lines of which the first does not end like a sentence.
    static func oneLine(_ text: String) -> String {
        var joined = ""
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split(whereSeparator: { $0 == "\t" || $0 == " " }).joined(separator: " ")
            if words.isEmpty { continue }
            if let last = joined.last { joined += ".?!;:,".contains(last) ? " " : "; " }
            joined += words
        }
        return joined
    }
}
