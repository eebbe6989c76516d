/// The values wanted besides the records, each by its pointer, and what was found of them.
struct CaptureSet {
    private let pointers: [[PointerToken]]
    private(set) var found: [DocumentReader.CapturedValue?]

    init(_ pointers: [[String]]) {
        self.pointers = pointers.map { $0.map(PointerToken.init) }
        found = Array(repeating: nil, count: pointers.count)
    }

    /// Those of `active` whose token number `depth` names the member.
    func matching(_ active: [Int], depth: Int, _ name: MemberName, _ base: UnsafePointer<UInt8>) -> [Int] {
        if active.isEmpty { return active }
        return active.filter { pointers[$0].count > depth && pointers[$0][depth].matches(name, base) }
    }

    /// Notes a value for those of `active` that end at this depth. A second value for one pointer is ambiguous.
    mutating func note(
        _ value: DocumentReader.CapturedValue, _ active: [Int], depth: Int
    ) throws(JSONError) {
        for index in active where pointers[index].count == depth {
            if found[index] != nil {
                throw .at(value.range.lowerBound, .duplicateKey(pointers[index].last?.text ?? ""))
            }
            found[index] = value
        }
    }

    /// Validates the value at `start`, noting what `active` wants of it; returns the offset after it.
    ///
    /// It recurses only along the pointers, so no deeper than the longest of them.
    mutating func visit(
        _ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ active: [Int], depth: Int,
        _ scanner: inout RecordScanner
    ) throws(JSONError) -> Int {
        var newline = false
        let value = try scanner.scanValue(base, from: start, to: end, depth: depth, &newline)
        if active.isEmpty { return value.end }
        try note(DocumentReader.CapturedValue(kind: value.kind, range: value.range), active, depth: depth)
        let isObject = value.kind == .object
        guard isObject || value.kind == .array, active.contains(where: { pointers[$0].count > depth }) else {
            return value.end
        }
        // The container is known to be valid here.
        var i = Lexer.skipWhitespace(base, value.start &+ 1, end, &newline)
        var index = 0
        while i < value.end &- 1 {
            var name = MemberName.index(index)
            if isObject {
                let key = try Lexer.key(base, i, end)
                name = .key(key.name)
                i = key.end
            }
            let inner = matching(active, depth: depth, name, base)
            i = try visit(base, i, end, inner, depth: depth &+ 1, &scanner)
            i = Lexer.skipWhitespace(base, i, end, &newline)
            if i < end && base[i] == Lexer.comma { i = Lexer.skipWhitespace(base, i &+ 1, end, &newline) }
            index &+= 1
        }
        return value.end
    }
}
