extension JSONValue {
    /// An object of these members, in this order.
    package static func record(_ members: [(String, JSONValue)]) -> JSONValue {
        .object(members.map { Member($0.0, $0.1) })
    }
}
