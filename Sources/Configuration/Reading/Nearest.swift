/// The candidate nearest to a mistyped word: at most two edits away, and fewer than the word is long; of equals the
/// first.
func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
    var best: (candidate: String, distance: Int)?
    let source = Array(word.unicodeScalars.prefix(64))
    for candidate in candidates {
        let target = Array(candidate.unicodeScalars.prefix(64))
        guard abs(source.count - target.count) <= 2 else { continue }
        let distance = editDistance(source, target)
        if distance <= 2, distance < source.count, distance < (best?.distance ?? .max) { best = (candidate, distance) }
    }
    return best?.candidate
}

/// The Damerau-Levenshtein distance in its optimal string alignment form (insert, delete, replace, swap of neighbours).
private func editDistance(_ source: [Unicode.Scalar], _ target: [Unicode.Scalar]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...target.count)
    for row in 0..<source.count {
        var current = [row + 1]
        for column in 0..<target.count {
            let cost = source[row] == target[column] ? 0 : 1
            var least = min(last[column + 1] + 1, current[column] + 1, last[column] + cost)
            if row > 0, column > 0, source[row] == target[column - 1], source[row - 1] == target[column] {
                least = min(least, beforeLast[column - 1] + 1)
            }
            current.append(least)
        }
        (beforeLast, last) = (last, current)
    }
    return last[target.count]
}
