/// The one parser of sizes: a whole number and a unit, decimal (`64MB 2GB`) or binary (`512KiB`).
package enum SizeText {
    private static let units: [(name: String, bytes: Int)] = [
        ("B", 1), ("KB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
    ]

    /// The number of bytes that `text` spells; throws the reason when it spells none.
    package static func parse(_ text: String) throws(ValueProblem) -> Int {
        guard !text.hasPrefix("-") else { throw ValueProblem(reason: "it is negative") }
        let digits = text.prefix { "0"..."9" ~= $0 }
        guard !digits.isEmpty else { throw ValueProblem(reason: "it does not begin with a whole number") }
        let name = text.dropFirst(digits.count)
        guard !name.isEmpty else { throw ValueProblem(reason: "it has no unit") }
        guard let unit = units.first(where: { $0.name == name }) else {
            throw ValueProblem(reason: "the units are \(units.map(\.name).joined(separator: ", "))")
        }
        guard let number = Int(digits) else { throw ValueProblem(reason: "it is too large") }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: unit.bytes)
        guard !overflow else { throw ValueProblem(reason: "it is too large") }
        return bytes
    }
}
