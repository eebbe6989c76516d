import FoundationEssentials

/// The named arguments of a request, from its query, a form or a flat JSON object.
package struct Parameters: Sendable {
    private var values: [String: String] = [:]

    /// Parses a query or an `application/x-www-form-urlencoded` body. Of a repeated name the last counts.
    package init(query: some StringProtocol) throws {
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Percent.decode(parts[0], plusIsSpace: true),
                let value = Percent.decode(parts.count > 1 ? parts[1] : "", plusIsSpace: true)
            else {
                throw UpstreamError(.badRequest, "The query is not percent-encoded UTF-8 near '\(pair.prefix(40))'.")
            }
            values[name] = value
        }
    }

    /// Adds the members of a flat JSON object; they win over the query.
    package mutating func merge(json body: [UInt8]) throws {
        for (name, value) in try JSONInput.object(in: body) {
            switch value {
            case .null: values[name] = nil
            case .scalar(let text): values[name] = text
            case .list, .object:
                throw UpstreamError(.badRequest, "'\(name)' in the body must be a string or a number.")
            }
        }
    }

    /// A text argument; nil when absent.
    package subscript(name: String) -> String? { values[name] }

    /// A text argument that must be there.
    package func required(_ name: String) throws -> String {
        guard let value = values[name] else {
            throw UpstreamError(.badRequest, "The parameter '\(name)' is missing.")
        }
        return value
    }

    /// A whole number not below `minimum`; `standard` when absent.
    package func integer(_ name: String, default standard: Int, from minimum: Int = 0) throws -> Int {
        guard let text = values[name] else { return standard }
        guard let number = Int(text), number >= minimum else {
            throw UpstreamError(.badRequest, "'\(name)' must be a whole number of at least \(minimum), not '\(text)'.")
        }
        return number
    }

    /// True for `1`, `true` and `yes`.
    package func flag(_ name: String) -> Bool {
        ["1", "true", "yes"].contains(values[name])
    }
}

/// A value of a JSON document that a client sent. Numbers and booleans keep their text.
enum JSONInput: Decodable, Sendable {
    case null
    case scalar(String)
    case list([JSONInput])
    case object([String: JSONInput])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let text = try? value.decode(String.self) {
            self = .scalar(text)
        } else if let flag = try? value.decode(Bool.self) {
            self = .scalar(String(flag))
        } else if let number = try? value.decode(Int.self) {
            self = .scalar(String(number))
        } else if let number = try? value.decode(Double.self) {
            self = .scalar(String(number))
        } else if let list = try? value.decode([JSONInput].self) {
            self = .list(list)
        } else {
            self = .object(try value.decode([String: JSONInput].self))
        }
    }

    /// The members of the object that `body` holds; an empty body is an empty object.
    static func object(in body: [UInt8]) throws -> [String: JSONInput] {
        if body.isEmpty { return [:] }
        guard case .object(let members)? = try? JSONDecoder().decode(JSONInput.self, from: Data(body)) else {
            throw UpstreamError(.badRequest, "The body is not a JSON object.")
        }
        return members
    }

    /// The text of a scalar.
    var text: String? {
        if case .scalar(let text) = self { text } else { nil }
    }

    /// The texts of a list of scalars, or of one scalar with commas.
    var texts: [String]? {
        switch self {
        case .null: []
        case .scalar(let text): text.split(separator: ",").map(String.init)
        case .list(let items): items.allSatisfy { $0.text != nil } ? items.compactMap(\.text) : nil
        case .object: nil
        }
    }
}
