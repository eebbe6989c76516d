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

    /// As much of it as an engine has.
    package func limited(digits: Int, scale: Int) -> Precision {
        var limited = self
        limited.scale = min(self.scale, scale)
        limited.digits = min(whole + limited.scale, digits)
        return limited
    }
}

/// The decimals that an engine has.
package struct DecimalRange: Sendable {
    /// The most digits of a column.
    package var digits: Int
    /// The most of them behind the point.
    package var scale: Int
    /// What a column has of which its source says nothing.
    package var standard: Precision

    /// A range.
    package init(digits: Int, scale: Int, standard: Precision) {
        self.digits = digits
        self.scale = scale
        self.standard = standard
    }

    /// What a column of a precision has.
    package func precision(_ precision: Precision?) -> Precision {
        (precision ?? standard).limited(digits: digits, scale: scale)
    }

    /// What a column has once values of `other` come to it: never less before or behind the point than it had.
    ///
    /// Digits before the point go first where there are not enough for all.
    package func precision(of column: Column, with other: Column) -> Precision? {
        guard column.type.widened(with: other.type) == .decimal else { return nil }
        let old = bound(column)
        let new = bound(other)
        let room = max(0, digits - old.digits)
        let whole = min(max(0, new.whole - old.whole), room)
        let behind = min(max(0, min(new.scale, scale) - old.scale), room - whole)
        return Precision(whole: old.whole + whole, scale: old.scale + behind)
    }

    private func bound(_ column: Column) -> Precision {
        precision(column.type == .decimal ? column.precision : Precision(whole: 19, scale: 0))
    }
}
