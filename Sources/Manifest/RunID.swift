/// The identity of one extraction of one partition: a UUIDv7 (RFC 9562 section 5.7) in 32 lower-case hex digits.
package struct RunID: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// 32 lower-case hex digits.
    package let text: String

    /// Parses the one spelling of a run id; `nil` for anything else.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count == 32, text.utf8.allSatisfy(HexDigits.isLower) else { return nil }
        self.text = String(text)
    }

    /// Makes a new id.
    ///
    /// - Parameters:
    ///   - milliseconds: Unix time; ids sort by it.
    ///   - random: 74 of these bits are used.
    package init(milliseconds: UInt64, random: (UInt64, UInt64)) {
        let high = (milliseconds << 16) | 0x7000 | (random.0 & 0x0FFF)
        let low = (random.1 & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000
        text = HexDigits.render(high) + HexDigits.render(low)
    }

    /// The Unix time in milliseconds at which the id was made, by its maker's clock.
    package var milliseconds: UInt64 { UInt64(text.prefix(12), radix: 16) ?? 0 }

    package static func < (left: RunID, right: RunID) -> Bool { left.text < right.text }

    package var description: String { text }
}

/// The identity of a chunk in every ledger: a new log or a new spool never repeats an old one.
package struct ChunkID: Sendable, Hashable {
    /// The spool's id, 32 lower-case hex digits.
    package let spool: String
    /// The run the chunk belongs to.
    package let run: RunID
    /// The chunk's place in its run, from 0.
    package let sequence: Int

    /// Names chunk `sequence` of `run` in the spool with id `spool`.
    package init(spool: String, run: RunID, sequence: Int) {
        self.spool = spool
        self.run = run
        self.sequence = sequence
    }

    /// The ledger's key.
    package var text: String { "\(spool)/\(run)/\(sequence)" }
}
