/// One component of a file pattern, compiled; it matches one component of a path.
///
/// Stars and captures match as little as possible from the left. Matching goes back to the last star only, which
/// suffices as the pieces between stars have a fixed length: at most pattern x name steps.
struct GlobComponent: Sendable, Equatable {
    enum Token: Sendable, Equatable {
        case literal(Unicode.Scalar)
        case any
        case set([ClosedRange<UInt32>], isNegated: Bool)
        /// Any number of characters.
        case star
        /// Where a capture begins; at least one character and a star follow it, up to the next `captureEnd`.
        case captureStart(Int)
        case captureEnd
    }

    /// The tokens that match characters, and what is captured between them.
    let tokens: [Token]
    /// Names of the captures by number.
    let captureNames: [String]
    /// Set when the component is `key={name}`: its value is percent-decoded as in Hive's layout.
    let isKeyValue: Bool

    /// `*`
    static let anything = GlobComponent(tokens: [.star], captureNames: [], isKeyValue: false)

    /// Hidden names are matched by a component that begins with a dot itself.
    var namesHidden: Bool { tokens.first == .literal(".") }

    /// Matches a whole name; nil, or the captured pairs.
    func match(_ name: [Unicode.Scalar]) -> [PartitionPair]? {
        if name.first == ".", !namesHidden { return nil }
        var marks = Marks(count: captureNames.count)
        var token = 0
        var index = 0
        var retry: (token: Int, index: Int, marks: Marks)?

        while true {
            if token == tokens.count, index == name.count { break }
            if token < tokens.count {
                switch tokens[token] {
                case .star:
                    token += 1
                    retry = (token, index, marks)
                    continue
                case .captureStart(let number):
                    marks.open(number, at: index)
                    token += 1
                    continue
                case .captureEnd:
                    marks.close(at: index)
                    token += 1
                    continue
                case let single where index < name.count && single.accepts(name[index]):
                    token += 1
                    index += 1
                    continue
                default: break
                }
            }
            // The last star takes one character more.
            guard let last = retry, last.index < name.count else { return nil }
            token = last.token
            index = last.index + 1
            marks = last.marks
            retry = (last.token, index, last.marks)
        }
        return captureNames.indices.map { number in
            let range = marks.ranges[number]
            var value = String.UnicodeScalarView()
            value.append(contentsOf: name[range])
            return PartitionPair(name: captureNames[number], value: String(value))
        }
    }

    private struct Marks {
        var ranges: [Range<Int>]
        var current = 0

        init(count: Int) { ranges = Array(repeating: 0..<0, count: count) }

        mutating func open(_ number: Int, at index: Int) {
            current = number
            ranges[number] = index..<index
        }

        mutating func close(at index: Int) { ranges[current] = ranges[current].lowerBound..<index }
    }
}

extension GlobComponent.Token {
    fileprivate func accepts(_ scalar: Unicode.Scalar) -> Bool {
        switch self {
        case .literal(let own): own == scalar
        case .any: true
        case .set(let ranges, let isNegated): ranges.contains { $0.contains(scalar.value) } != isNegated
        case .star, .captureStart, .captureEnd: false
        }
    }
}
