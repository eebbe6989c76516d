import Foundation
import TestKit
import Testing

/// Streams that are asked for each record of another one.
@Suite struct ParentTests {
    private struct Order: Encodable {
        var id: Int
        var updated: String
        /// nil: the server knows none of it.
        var items: Int?

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(id, forKey: .id)
            try container.encode(updated, forKey: .updated)
            try container.encode(items, forKey: .items)
        }

        enum Key: CodingKey { case id, updated, items }
    }

    private func put(_ server: FileServer, _ orders: [Order]) throws {
        // As a whole, as the server may read it meanwhile.
        try server.write("orders.new", Array(try JSONEncoder().encode(orders)))
        _ = rename("\(server.files)/orders.new", "\(server.files)/orders.json")
    }

    private func configure(
        _ site: Site, _ server: FileServer, mode: String = "append", parent: String = "", orders: String = "",
        extra: String = ""
    ) throws {
        try site.write(
            "bobbin.yaml",
            """
            connections:
              shop: {type: http, base_url: "https://127.0.0.1:\(server.port)/shop", ca_file: \(server.authority)}
              warehouse: {type: sqlite, path: warehouse.db}
            load: {lease: 1s}
            jobs:
              shop:
                target: warehouse
                defaults: {source: {connection: shop, records: /data}, retry: {strategy: fixed, delay: 10ms, max_attempts: 3}}
                streams:
                  orders:
                    source:
                      path: /orders
                      query: {after: "{cursor}", limit: "{page_size}"\(orders.isEmpty ? "" : ", since: \"{since}\"")}
                      page_size: 4
                      pagination: {type: cursor, field: id}
                      \(orders)
                    mode: merge
                    primary_key: id
                  items:
                    source:
                      path: "/orders/{order}/items"
                      query: {page: "{page}", limit: "{page_size}"}
                      page_size: 3
                      pagination: {type: page}
                      parent: {stream: orders, fields: {order: id, updated: updated}\(parent)}
                    mode: \(mode)
                    primary_key: [order, line]
                    \(extra)
            """)
    }

    private let orders = (1...30).map { Order(id: $0, updated: "2026-01-\(10 + $0)", items: $0 % 7) }
    private var total: Int { orders.reduce(0) { $0 + ($1.items ?? 0) } }

    @Test func eachParentIsAskedForItsRecords() throws {
        let server = try FileServer.https()
        let site = try Site()
        try put(server, orders)
        try configure(site, server)
        let ended = try site.bobbin("run")
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(try site.count("select count(*) from orders") == 30)
        #expect(try site.count("select count(*) from items") == total)
        let rows = try site.query(
            #"select "order", count(*), min(line), max(line), count(distinct line) from items group by 1 order by 1"#
        ).map { "\($0)" }
        #expect(
            rows
                == orders.filter { ($0.items ?? 0) > 0 }.map { order in
                    let count = order.items ?? 0
                    return "[\(order.id), \(count), 0, \(count - 1), \(count)]"
                })
        // A record's own field goes before its parent's of the same name.
        #expect(try site.count("select count(*) from items where updated = 'own'") == total)
        let plan = try site.bobbin("plan")
        #expect(plan.output.contains("source: /orders/{order}/items for each record of orders"), "\(plan.output)")
        let preview = try site.bobbin("preview", "shop")
        #expect(preview.output.contains("\"order\":1"), "\(preview.output)\(preview.errors)")
    }

    @Test func aMissingParentFailsTheRunOrHasNoRecords() throws {
        let server = try FileServer.https()
        let site = try Site()
        var changed = orders
        changed[4].items = nil
        try put(server, changed)
        try configure(site, server, mode: "replace")
        let failed = try site.bobbin("run", "--select", "items")
        #expect(failed.status == 64, "\(failed.output)")
        #expect(failed.output.contains("/shop/orders/5/items"), "\(failed.output)")
        #expect(failed.output.contains("404"))
        try configure(site, server, mode: "replace", parent: ", not_found: skip, at_once: 1")
        let ended = try site.bobbin("run", "--select", "items")
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(try site.count("select count(*) from items") == total - 5)
    }

    @Test func onlyParentsThatAreNewOrChangedAreAskedAbout() throws {
        let server = try FileServer.https()
        let site = try Site()
        try put(server, orders)
        let incremental = "incremental: {cursor: updated, since: \"2026-01-01\", format: text}"
        try configure(site, server, mode: "merge", orders: incremental)
        #expect(try site.bobbin("run").status == 0)
        #expect(try site.count("select count(*) from items") == total)
        let before = server.log.split(separator: "\n").count
        var later = orders
        later[9].updated = "2026-03-01"
        later[9].items = 9
        try put(server, later)
        let ended = try site.bobbin("run")
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(try site.count(#"select count(*) from items where "order" = 10"#) == 9)
        let asked = server.log.split(separator: "\n").dropFirst(before).filter { $0.contains("/items") }
        #expect(asked.allSatisfy { $0.contains("/orders/10/") || $0.contains("/orders/30/") }, "\(asked)")
        #expect(!asked.isEmpty)
    }

    @Test(arguments: 0..<6) func killedAnywhereNoRecordIsLostOrDoubled(round: Int) throws {
        let server = try FileServer.https()
        let site = try Site()
        let many = (1...60).map { Order(id: $0, updated: "2026-01-01", items: 40 + $0 % 5) }
        try put(server, many)
        try configure(site, server, extra: "chunk: {rows: 50}")
        var random = SeededRandom(UInt64(round) &+ 5)
        for _ in 0..<3 {
            let running = try site.start("extract", "--select", "items")
            // The moment is the disturbance: it must not depend on anything that the program does.
            usleep(UInt32(100_000 + random.below(500_000)))
            running.kill(SIGKILL)
            _ = try running.wait()
            if try !site.names("spool/manifests").isEmpty { break }
        }
        if try site.names("spool/manifests").isEmpty {
            #expect(try site.bobbin("extract", "--select", "items").status == 0)
        }
        #expect(try site.bobbin("load").status == 0)
        let total = many.reduce(0) { $0 + ($1.items ?? 0) }
        #expect(try site.count("select count(*) from items") == total)
        #expect(try site.count(#"select count(*) from (select distinct "order", line from items)"#) == total)
    }

    /// Chunks of a run that broke off are only gone on from while the parents are the same.
    @Test func parentsThatChangeBetweenAKillAndTheNextRunBeginAnew() throws {
        let server = try FileServer.https()
        let site = try Site()
        let many = (1...200).map { Order(id: $0, updated: "2026-01-01", items: 30) }
        try put(server, many)
        try configure(site, server, extra: "chunk: {rows: 50}")
        let running = try site.start("extract", "--select", "items")
        #expect(try site.until("chunks are finished") { server.log.contains("/shop/orders/40/items?page=9") })
        running.kill(SIGKILL)
        _ = try running.wait()
        // Of each page of parents one is gone.
        try put(server, many.filter { $0.id % 4 != 1 })
        let first = try site.bobbin("extract", "--select", "items")
        #expect(first.status == 1, "\(first.output)")
        #expect(first.output.contains("changed since the last run broke off"), "\(first.output)")
        #expect(try site.bobbin("extract", "--select", "items").status == 0)
        #expect(try site.bobbin("load").status == 0)
        #expect(try site.count("select count(*) from items") == 150 * 30)
    }

    @Test func whatIsNotSupportedIsRefused() throws {
        let site = try Site()
        func problems(_ items: String, _ orders: String = "") throws -> String {
            try site.write(
                "bobbin.yaml",
                """
                connections:
                  shop: {type: http, base_url: "https://h"}
                  t: {type: sqlite, path: t.db}
                jobs:
                  shop:
                    target: t
                    defaults: {source: {connection: shop}}
                    streams:
                      orders: {source: {path: /orders\(orders)}}
                      items: {\(items)}
                """)
            let ended = try site.bobbin("plan")
            #expect(ended.status == 64)
            return ended.errors
        }
        let path = "path: \"/orders/{order}/items\""
        #expect(
            try problems("source: {\(path), parent: {stream: order, fields: {order: id}}}").contains(
                "there is no stream \"order\" in the job, or it is disabled; did you mean \"orders\"?"))
        #expect(
            try problems("source: {\(path), parent: {stream: items, fields: {order: id}}}").contains(
                "has a parent itself; only one level is supported"))
        #expect(
            try problems("source: {path: /items, parent: {stream: orders, fields: {order: id}}}").contains(
                "nothing in the source uses {order}"))
        #expect(
            try problems("source: {\(path), parent: {stream: orders, fields: {order: id, page: x}}}").contains(
                "{page} is known already"))
        #expect(
            try problems(
                "source: {\(path), query: {since: \"{since}\"}, parent: {stream: orders, fields: {order: id}}, incremental: {cursor: a, since: b}}, "
                    + "mode: merge, primary_key: [a]"
            ).contains("put incremental into the parent's source"))
        #expect(
            try problems(
                "mode: replace, source: {\(path), parent: {stream: orders, fields: {order: id}}}",
                ", query: {s: \"{since}\"}, incremental: {cursor: a, since: b, format: text}"
            ).contains("would drop the records of parents that are not read again"))
        #expect(
            try problems(
                "partitions: {day: [a, b]}, source: {path: \"/{day}/{order}\", parent: {stream: orders, fields: {order: id}}}"
            ).contains("must have the same partitions"))
    }
}
