/// One key of a partition, with its value, as a path names it.
package struct PartitionPair: Sendable, Hashable {
    /// The key, a capture's name or what stands before `=`.
    package let name: String
    /// The value, as text.
    package let value: String

    /// Makes a pair.
    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }

    /// The text with each `%XX` replaced by its byte; unchanged where that is no UTF-8. A `%` without two hexadecimal
    /// digits stands for itself.
    static func percentDecoded(_ text: String) -> String {
        guard text.utf8.contains(0x25) else { return text }
        let source = Array(text.utf8)
        var bytes: [UInt8] = []
        var index = 0
        while index < source.count {
            if source[index] == 0x25, index + 2 < source.count, let high = hex(source[index + 1]),
                let low = hex(source[index + 2])
            {
                bytes.append(high << 4 | low)
                index += 3
            } else {
                bytes.append(source[index])
                index += 1
            }
        }
        return String(validating: bytes, as: UTF8.self) ?? text
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        if ASCII.isDigit(byte) { return byte &- ASCII.zero }
        let lower = byte | 0x20
        return lower &- 0x61 < 6 ? lower &- 0x61 &+ 10 : nil
    }

    /// A directory written `key=value` as Hive does, decoded; nil for another name.
    static func hive(_ component: String) -> PartitionPair? {
        guard let equals = component.utf8.firstIndex(of: 0x3d), equals > component.startIndex else { return nil }
        let value = component[component.utf8.index(after: equals)...]
        return PartitionPair(
            name: percentDecoded(String(component[..<equals])), value: percentDecoded(String(value)))
    }
}

extension Glob {
    /// The partition that the path of a file belongs to, in the order of the path; nil when the path does not match.
    ///
    /// Pairs come from captures and, unless `hive` is false, from directories written `key=value` that no capture took
    /// anything from. Percent escapes are decoded in `key=value` directories only (also in `key={name}`).
    ///
    /// - Throws: ``FormatsError/Code/contradictoryPath`` when one name has two values.
    package func partition(of path: String, hive: Bool = true) throws(FormatsError) -> [PartitionPair]? {
        guard let parts = assignment(path) else { return nil }
        var pairs: [PartitionPair] = []
        for (index, part) in parts.enumerated() {
            var found = part.captures
            if hive, !part.isCaptured, index < parts.count - 1, let pair = PartitionPair.hive(part.text) {
                found = [pair]
            }
            for pair in found {
                // Byte for byte: two spellings of one letter are two values.
                if let other = pairs.first(where: { $0.name.utf8.elementsEqual(pair.name.utf8) }) {
                    guard other.value.utf8.elementsEqual(pair.value.utf8) else {
                        throw FormatsError(
                            .contradictoryPath,
                            "\(path): the path names \(pair.name) twice, as \"\(other.value)\" and as "
                                + "\"\(pair.value)\": rename the directory or the name in the pattern")
                    }
                } else {
                    pairs.append(pair)
                }
            }
        }
        return pairs
    }
}
