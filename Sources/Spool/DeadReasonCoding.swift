internal import JSON
internal import Manifest

extension DeadReason {
    /// The document's bytes (`<seq>.why.json`).
    package func encoded() -> [UInt8] {
        JSONValue.record([
            ("format", .integer(1)), ("reason", .string(reason)), ("class", .string(failure)),
            ("attempts", .integer(Int64(attempts))), ("crashes", .integer(Int64(crashes))),
            ("loader", .string(loader)), ("at", .string(at)),
        ]).serialized()
    }

    /// Reads a document; a torn one is `nil`.
    package init?(decoding bytes: [UInt8]) {
        guard let value = try? JSONValue(parsing: bytes), let reader = try? ObjectReader(value, "why"),
            let reason = try? reader.string("reason"), let failure = try? reader.string("class"),
            let attempts = try? reader.integer("attempts"), let crashes = try? reader.integer("crashes"),
            let loader = try? reader.string("loader"), let at = try? reader.string("at")
        else { return nil }
        self.init(
            reason: reason, failure: failure, attempts: attempts, crashes: crashes, loader: loader, at: at)
    }
}
