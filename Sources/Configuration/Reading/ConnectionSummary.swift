/// A connection as it is written: a mistake elsewhere in it does not make its streams wrong.
struct ConnectionSummary {
    /// Empty when the key is missing.
    let type: String
    /// The file of a database: two connections to one file share its tables.
    let path: String?
    let method: HTTPMethod
}

/// The message for a connection that is not there.
func unknownConnection(_ name: String, _ connections: [String: ConnectionSummary]) -> String {
    let known = connections.keys.sorted()
    let shown = known.isEmpty ? "there are none" : "known: \(known.map(Message.shortened).joined(separator: ", "))"
    return "there is no connection \(Message.quoted(name)); \(shown)\(Message.suggestion(for: name, among: known))"
}
