/// Counters since the start or the last `DELETE /stats`.
struct Stats: Sendable {
    struct Route: Sendable {
        var requests = 0
        var rows = 0
        var bytes = 0
        var statuses: [String: Int] = [:]
        var injected: [String: Int] = [:]

        mutating func count(_ reply: Reply) {
            requests += 1
            rows += reply.rows
            bytes += reply.body.count
            if let fault = reply.injected { injected[fault, default: 0] += 1 }
            switch reply.delivery {
            case .reset, .silent: statuses["none", default: 0] += 1
            case .whole, .cut, .dripped: statuses[String(reply.status), default: 0] += 1
            }
        }

        var fields: KeyValuePairs<String, JSONValue> {
            [
                "requests": .number(requests), "rows": .number(rows), "bytes": .number(bytes),
                "status": .counters(statuses), "injected": .counters(injected),
            ]
        }
    }

    private(set) var total = Route()
    private var routes: [String: Route] = [:]

    /// Counts a reply; rows and bytes as generated, whether or not all of them were delivered.
    mutating func count(_ reply: Reply, on route: String) {
        total.count(reply)
        routes[route, default: Route()].count(reply)
    }

    var reply: Reply {
        var paths = JSONText()
        paths.raw("{")
        for (index, (route, counters)) in routes.sorted(by: { $0.key < $1.key }).enumerated() {
            if index > 0 { paths.raw(",") }
            paths.string(route)
            paths.raw(":")
            paths.object(counters.fields)
        }
        paths.raw("}")
        return Reply([
            "requests": .number(total.requests), "rows": .number(total.rows), "bytes": .number(total.bytes),
            "status": .counters(total.statuses), "injected": .counters(total.injected), "paths": .json(paths),
        ])
    }
}
