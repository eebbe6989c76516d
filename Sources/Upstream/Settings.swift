/// What the mock serves and how it misbehaves; some of it can be changed while it runs (`POST /control`).
package struct Settings: Sendable {
    /// Seed of all content and of the injected faults.
    package var seed: UInt64 = 1
    /// Names that `/domains` lists; any other name is served too.
    package var domains: [String] = Settings.domainNames(20)
    /// Records of a (domain, date) without an entry in `rowsFor`.
    package var rows = 20_000
    /// Records by domain, or by domain and date (`name` or `name,date=YYYY-MM-DD`).
    package var rowsFor: [String: Int] = [:]
    /// Whether records arrive late: a date of today has 75 % of its rows, and 5 % more each day until the fifth.
    package var late = false
    /// State of the data; each step changes a tenth of the rows.
    package var epoch = 0
    /// Share of data requests that fail, 0 to 1.
    package var errorRate = 0.0
    /// The faults that those requests get, in turn by chance.
    package var errors: [Fault] = [.status(500)]
    /// Domains that always fail with status 500.
    package var failDomains: Set<String> = []
    /// The longest latency that can be set, in milliseconds.
    package static let maxLatency = 20_000

    /// Milliseconds before each data reply.
    package var latencyMilliseconds = 0
    /// Milliseconds that a `slow` body takes.
    package var slowMilliseconds = 2000
    /// Milliseconds that a `timeout` stays silent.
    package var timeoutMilliseconds = 60_000
    /// Seconds in `Retry-After`.
    package var retryAfter = 1

    /// The settings with which the mock starts when nothing is said.
    package init() {}

    /// `domain_a` to `domain_z`, then `domain_aa` and on.
    package static func domainNames(_ count: Int) -> [String] {
        (0..<max(0, count)).map { number in
            var rest = number
            var letters = ""
            repeat {
                letters = String(UnicodeScalar(UInt8(ascii: "a") + UInt8(rest % 26))) + letters
                rest = rest / 26 - 1
            } while rest >= 0
            return "domain_" + letters
        }
    }

    /// Records of a partition on a given day.
    package func rows(of domain: String, on date: Day, today: Day) -> Int {
        let all = rowsFor["\(domain),date=\(date)"] ?? rowsFor[domain] ?? rows
        guard late else { return all }
        let age = today.number - date.number
        return age < 0 ? 0 : all - all * 5 * max(0, 5 - age) / 100
    }

    /// Adds an entry `domain=NAME:N` or `domain=NAME,date=YYYY-MM-DD:N`; the name may hold any character.
    package mutating func addRows(_ text: String) throws {
        guard text.hasPrefix("domain="), let colon = text.lastIndex(of: ":"),
            let count = Int(text[text.index(after: colon)...]), (0...Partition.maxRows).contains(count)
        else {
            throw UpstreamError(
                .badRequest,
                "'\(text)' is not of the form domain=NAME:ROWS or domain=NAME,date=YYYY-MM-DD:ROWS, with ROWS from 0 to"
                    + " \(Partition.maxRows).")
        }
        rowsFor[String(text[..<colon].dropFirst("domain=".count))] = count
    }

    /// Changes settings from a `POST /control` body; all or nothing.
    package mutating func apply(_ body: [UInt8]) throws {
        var changed = self
        for (name, value) in try JSONInput.object(in: body) {
            try changed.set(name, to: value)
        }
        self = changed
    }

    private mutating func set(_ name: String, to value: JSONInput) throws {
        func whole(_ range: ClosedRange<Int>) throws -> Int {
            guard let number = value.text.flatMap({ Int($0) }), range.contains(number) else {
                throw UpstreamError(
                    .badRequest, "'\(name)' must be a whole number from \(range.lowerBound) to \(range.upperBound).")
            }
            return number
        }
        func list() throws -> [String] {
            guard let texts = value.texts else {
                throw UpstreamError(.badRequest, "'\(name)' must be a list of texts.")
            }
            return texts
        }
        switch name {
        case "rows": rows = try whole(0...Partition.maxRows)
        case "epoch": epoch = try whole(0...Partition.maxEpoch)
        case "latency_ms": latencyMilliseconds = try whole(0...Self.maxLatency)
        case "slow_ms": slowMilliseconds = try whole(0...3_600_000)
        case "timeout_ms": timeoutMilliseconds = try whole(0...3_600_000)
        case "retry_after": retryAfter = try whole(0...86_400)
        case "fail_domain": failDomains = Set(try list())
        case "domains": domains = try list()
        case "errors": errors = try Self.faults(try list())
        case "rows_for":
            rowsFor = [:]
            for entry in try list() { try addRows(entry) }
        case "late":
            guard let flag = value.text.flatMap({ Bool($0) }) else {
                throw UpstreamError(.badRequest, "'late' must be true or false.")
            }
            late = flag
        case "error_rate":
            guard let rate = value.text.flatMap({ Double($0) }), (0...1).contains(rate) else {
                throw UpstreamError(.badRequest, "'error_rate' must be a number from 0 to 1.")
            }
            errorRate = rate
        default:
            throw UpstreamError(
                .badRequest,
                "'\(name)' is not a setting. Known are domains, rows, rows_for, late, epoch, error_rate, errors,"
                    + " fail_domain, latency_ms, slow_ms, timeout_ms and retry_after.")
        }
    }

    /// Parses names of faults; an empty list stands for status 500.
    package static func faults(_ names: [String]) throws -> [Fault] {
        let faults = try names.map { name in
            guard let fault = Fault(name) else {
                throw UpstreamError(.badRequest, "'\(name)' is not a fault. Use \(Fault.names).")
            }
            return fault
        }
        return faults.isEmpty ? [.status(500)] : faults
    }

    /// The fault, if any, that the n-th data request gets.
    func fault(forRequest number: Int) -> Fault? {
        guard errorRate > 0, !errors.isEmpty else { return nil }
        var random = SplitMix(seed ^ SplitMix.mix(UInt64(truncatingIfNeeded: number)))
        guard Double(random.next() >> 11) / Double(1 << 53) < errorRate else { return nil }
        return errors[Int(random.next() % UInt64(errors.count))]
    }

    /// The settings as JSON, under the names that `apply` takes.
    package var json: Reply {
        Reply([
            "domains": .list(domains.map { .string($0) }), "rows": .number(rows),
            "rows_for": .list(rowsFor.sorted { $0.key < $1.key }.map { .string("domain=\($0.key):\($0.value)") }),
            "late": .bool(late), "epoch": .number(epoch),
            "error_rate": .json(
                {
                    var text = JSONText(); text.raw(String(errorRate)); return text
                }()),
            "errors": .list(errors.map { .string($0.description) }),
            "fail_domain": .list(failDomains.sorted().map { .string($0) }),
            "latency_ms": .number(latencyMilliseconds), "slow_ms": .number(slowMilliseconds),
            "timeout_ms": .number(timeoutMilliseconds), "retry_after": .number(retryAfter),
        ])
    }
}
