/// The one parser of durations: whole numbers with a unit, greatest unit first: `50ms 2s 15m 2h 7d 1h30m`.
package enum DurationText {
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    /// The greatest duration: a hundred years, so that sums with the time of day cannot overflow.
    package static let limit = Duration.seconds(36_500 * 86_400)

    /// The duration that `text` spells; throws the reason when it spells none.
    package static func parse(_ text: String) throws(ValueProblem) -> Duration {
        guard !text.hasPrefix("-") else { throw ValueProblem(reason: "it is negative") }
        var rest = Substring(text)
        var total: Int64 = 0
        var allowed = units[...]
        repeat {
            let digits = rest.prefix { "0"..."9" ~= $0 }
            guard !digits.isEmpty else { throw ValueProblem(reason: "it does not begin with a whole number") }
            rest = rest.dropFirst(digits.count)
            let name = rest.prefix { !("0"..."9" ~= $0) }
            rest = rest.dropFirst(name.count)
            guard !name.isEmpty else { throw ValueProblem(reason: "it has no unit") }
            guard let unit = units.firstIndex(where: { $0.name == name }) else {
                throw ValueProblem(reason: "the units are ms, s, m, h and d")
            }
            guard allowed.contains(where: { $0.name == name }) else {
                throw ValueProblem(reason: "greater units come first, each once")
            }
            allowed = units[(unit + 1)...]
            guard let number = Int64(digits) else { throw ValueProblem(reason: "it is over a hundred years") }
            let (part, overflow) = number.multipliedReportingOverflow(by: units[unit].milliseconds)
            let (sum, sumOverflow) = total.addingReportingOverflow(part)
            guard !overflow, !sumOverflow, Duration.milliseconds(sum) <= limit else {
                throw ValueProblem(reason: "it is over a hundred years")
            }
            total = sum
        } while !rest.isEmpty
        return .milliseconds(total)
    }
}
