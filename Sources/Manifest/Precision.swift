/// How many digits the values of a decimal column have, as its source declares it.
package struct Precision: Sendable, Hashable {
    /// Digits in all that count; at least as many as stand behind the point.
    package var digits: Int
    /// Those behind the point.
    package var scale: Int

    /// A precision, of which neither number is negative.
    package init?(digits: Int, scale: Int) {
        guard digits > 0, scale >= 0 else { return nil }
        // PostgreSQL has numbers that begin some places behind the point.
        self.digits = max(digits, scale)
        self.scale = scale
    }

    /// So many digits before the point and behind it; none of the numbers is negative.
    package init(whole: Int, scale: Int) {
        digits = max(1, whole + scale)
        self.scale = scale
    }

    /// The precision that the name of a type ends with, as in `numeric(10,2)`; nil of any other name.
    package init?(of type: String) {
        guard type.hasSuffix(")"), let open = type.lastIndex(of: "(") else { return nil }
        let parts = type[type.index(after: open)...].dropLast().split(separator: ",").map { part in
            Int(part.drop { $0 == " " })
        }
        guard (1...2).contains(parts.count), let digits = parts[0], let scale = parts.count == 2 ? parts[1] : 0 else {
            return nil
        }
        self.init(digits: digits, scale: scale)
    }

    /// Digits before the point.
    package var whole: Int { digits - scale }

    /// The least precision that holds the values of both.
    package func union(_ other: Precision) -> Precision {
        var both = self
        both.scale = max(scale, other.scale)
        both.digits = max(whole, other.whole) + both.scale
        return both
    }

    /// As much of it as an engine has.
    package func limited(digits: Int, scale: Int) -> Precision {
        var limited = self
        limited.scale = min(self.scale, scale)
        limited.digits = min(whole + limited.scale, digits)
        return limited
    }
}

extension Column {
    /// The precision once values of another column of this name come to those of this one; nil when it is not known.
    package func precision(with other: Column) -> Precision? {
        guard type.widened(with: other.type) == .decimal, let own = bound, let new = other.bound else { return nil }
        return own.union(new)
    }

    /// What its values stay within; nil when that is not known.
    private var bound: Precision? {
        switch type {
        case .integer, .bigint: Precision(digits: 19, scale: 0)
        case .decimal: precision
        default: nil
        }
    }
}
