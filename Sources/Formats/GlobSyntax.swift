/// Reading of file patterns.
enum GlobSyntax {
    /// Most patterns that braces may make of one.
    static let alternativesLimit = 1024

    /// Characters, with those behind a backslash marked as having no meaning.
    struct Character: Equatable {
        let scalar: Unicode.Scalar
        let isPlain: Bool

        func means(_ scalar: Unicode.Scalar) -> Bool { !isPlain && self.scalar == scalar }
    }

    static func characters(_ pattern: String) throws(FormatsError) -> [Character] {
        var result: [Character] = []
        var isEscape = false
        for scalar in pattern.unicodeScalars {
            if !isEscape, scalar == "\\" {
                isEscape = true
                continue
            }
            result.append(Character(scalar: scalar, isPlain: isEscape))
            isEscape = false
        }
        if isEscape { throw error(pattern, "nothing follows the last backslash") }
        return result
    }

    /// Replaces `{a,b}` by its alternatives, from the left; braces around a name are left.
    static func alternatives(_ text: [Character], _ pattern: String) throws(FormatsError) -> [[Character]] {
        var done: [[Character]] = []
        var open: [[Character]] = [text]
        while let next = open.popLast() {
            if let parts = try firstBraces(next, pattern) {
                // Reversed, so that the order of the alternatives stays.
                for choice in parts.choices.reversed() { open.append(parts.head + choice + parts.tail) }
            } else {
                done.append(next)
            }
            guard open.count + done.count <= alternativesLimit else {
                throw error(pattern, "its braces have more than \(alternativesLimit) alternatives")
            }
        }
        return done
    }

    private static func firstBraces(_ text: [Character], _ pattern: String) throws(FormatsError)
        -> (head: [Character], choices: [[Character]], tail: [Character])?
    {
        var index = 0
        while index < text.count {
            if text[index].means("[") {
                index = try classEnd(text, index, pattern)
            } else if text[index].means("{") {
                let (choices, end) = try braces(text, index, pattern)
                if choices.count > 1 { return (Array(text[..<index]), choices, Array(text[end...])) }
                guard isName(choices[0]) else {
                    throw error(pattern, "braces hold neither alternatives {a,b} nor a name {date}")
                }
                index = end
            } else if text[index].means("}") {
                throw error(pattern, "a closing brace has no opening one (write \\} for the character)")
            } else {
                index += 1
            }
        }
        return nil
    }

    /// The alternatives of the braces that open at `start`, and the index behind them.
    private static func braces(_ text: [Character], _ start: Int, _ pattern: String) throws(FormatsError)
        -> (choices: [[Character]], end: Int)
    {
        var depth = 0
        var choices: [[Character]] = [[]]
        var index = start + 1
        while index < text.count {
            let next = text[index]
            if next.means("[") {
                let end = try classEnd(text, index, pattern)
                choices[choices.count - 1] += text[index..<end]
                index = end
                continue
            }
            if next.means("{") { depth += 1 }
            if next.means("}") {
                if depth == 0 { return (choices, index + 1) }
                depth -= 1
            }
            if depth == 0, next.means(",") { choices.append([]) } else { choices[choices.count - 1].append(next) }
            index += 1
        }
        throw error(pattern, "a brace is not closed (write \\{ for the character)")
    }

    /// The index behind the class that opens at `start`. A bracket that stands first in it is one of its characters.
    private static func classEnd(_ text: [Character], _ start: Int, _ pattern: String) throws(FormatsError) -> Int {
        var index = start + 1
        if index < text.count, text[index].means("!") || text[index].means("^") { index += 1 }
        if index < text.count, text[index].means("]") { index += 1 }
        while index < text.count, !text[index].means("]") {
            if text[index].scalar == "/" { throw error(pattern, "a class in brackets holds a slash") }
            index += 1
        }
        guard index < text.count else { throw error(pattern, "a bracket is not closed (write \\[ for the character)") }
        return index + 1
    }

    static func isName(_ text: [Character]) -> Bool {
        guard let first = text.first, !first.isPlain, isWord(first.scalar), !("0"..."9").contains(first.scalar) else {
            return false
        }
        return text.allSatisfy { !$0.isPlain && isWord($0.scalar) }
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || ("0"..."9").contains(scalar) || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
    }

    /// Compiles one component, without alternatives.
    static func component(_ text: ArraySlice<Character>, _ pattern: String) throws(FormatsError) -> GlobComponent {
        let text = Array(text)
        var tokens: [GlobComponent.Token] = []
        var names: [String] = []
        var index = 0
        while index < text.count {
            let next = text[index]
            if next.means("*") {
                if tokens.last != .star { tokens.append(.star) }
            } else if next.means("?") {
                tokens.append(.any)
            } else if next.means("[") {
                let end = try classEnd(text, index, pattern)
                tokens.append(try set(text[(index + 1)..<(end - 1)], pattern))
                index = end
                continue
            } else if next.means("{") {
                let (choices, end) = try braces(text, index, pattern)
                let name = String(String.UnicodeScalarView(choices[0].map(\.scalar)))
                tokens += [.captureStart(names.count), .any, .star, .captureEnd]
                names.append(name)
                index = end
                continue
            } else {
                tokens.append(.literal(next.scalar))
            }
            index += 1
        }
        return GlobComponent(tokens: tokens, captureNames: names, isKeyValue: isKeyValue(tokens))
    }

    /// `key={name}` and nothing else.
    private static func isKeyValue(_ tokens: [GlobComponent.Token]) -> Bool {
        guard tokens.count > 5, tokens[tokens.count - 5] == .literal("="),
            tokens[tokens.count - 4] == .captureStart(0)
        else { return false }
        return tokens[..<(tokens.count - 5)].allSatisfy {
            if case .literal(let scalar) = $0 { scalar != "=" } else { false }
        }
    }

    private static func set(_ text: ArraySlice<Character>, _ pattern: String) throws(FormatsError)
        -> GlobComponent.Token
    {
        var rest = text
        var isNegated = false
        if let first = rest.first, first.means("!") || first.means("^") {
            isNegated = true
            rest = rest.dropFirst()
        }
        var ranges: [ClosedRange<UInt32>] = []
        while let low = rest.popFirst() {
            if let dash = rest.first, dash.means("-"), let high = rest.dropFirst().first {
                guard low.scalar.value <= high.scalar.value else {
                    throw error(pattern, "the range \(low.scalar)-\(high.scalar) is the wrong way round")
                }
                ranges.append(low.scalar.value...high.scalar.value)
                rest = rest.dropFirst(2)
            } else {
                ranges.append(low.scalar.value...low.scalar.value)
            }
        }
        return .set(ranges, isNegated: isNegated)
    }

    static func error(_ pattern: String, _ why: String) -> FormatsError {
        FormatsError(.badPattern, "the file pattern \"\(pattern)\" cannot be read: \(why)")
    }
}
