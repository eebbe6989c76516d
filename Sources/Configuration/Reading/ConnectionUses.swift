/// What the jobs of a file use its connections for, as it is written: whose secrets a command needs depends on it.
struct ConnectionUses {
    private var sources: Set<String> = []
    private var targets: Set<String> = []

    init(_ document: Fields) {
        if let defaults = document.find("defaults") { note(defaults.node.entries ?? []) }
        for job in document.entries("jobs") {
            let entries = job.value.entries ?? []
            note(entries)
            for entry in entries where entry.key == "defaults" { note(entry.value.entries ?? []) }
            for entry in entries where entry.key == "streams" {
                for stream in entry.value.entries ?? [] { note(stream.value.entries ?? []) }
            }
        }
    }

    private mutating func note(_ entries: [Node.Entry]) {
        for entry in entries {
            if entry.key == "source",
                let name = entry.value.entries?.first(where: { $0.key == "connection" })?.value.text
            {
                sources.insert(name)
            }
            if entry.key == "target" {
                targets.formUnion(entry.value.text.map { [$0] } ?? entry.value.items?.compactMap(\.text) ?? [])
            }
        }
    }

    /// What a connection is used for; where nothing uses it, what it could be used for.
    func roles(of name: String, type: String) -> Set<Connection.Role> {
        var roles: Set<Connection.Role> = []
        if sources.contains(name) { roles.insert(.source) }
        if targets.contains(name) { roles.insert(.target) }
        guard roles.isEmpty else { return roles }
        if Connection.sources.contains(type) { roles.insert(.source) }
        if Connection.targets.contains(type) { roles.insert(.target) }
        return roles
    }
}
