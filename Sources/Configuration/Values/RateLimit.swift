/// How many requests a source may be sent in a time.
package struct RateLimit: Sendable, Hashable {
    /// The number of requests, at least 1.
    package let requests: Int
    /// The time they are spread over.
    package let interval: Duration

    /// Parses `10/s`, `600/m`, `3600/h`, or a plain number, which is per second.
    init(parsing text: String) throws(ValueProblem) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let digits = parts.first ?? ""
        guard !digits.isEmpty, digits.allSatisfy({ "0"..."9" ~= $0 }), let requests = Int(digits), requests > 0 else {
            throw ValueProblem(reason: "it does not begin with a whole number above 0")
        }
        guard requests <= 1_000_000 else { throw ValueProblem(reason: "it is over 1000000") }
        switch parts.count == 2 ? parts[1] : "s" {
        case "s": interval = .seconds(1)
        case "m": interval = .seconds(60)
        case "h": interval = .seconds(3600)
        default: throw ValueProblem(reason: "the units are /s, /m and /h")
        }
        self.requests = requests
    }
}
