package import Manifest

/// A column of a table or query, as a source reads it.
package struct SQLColumn: Sendable, Hashable {
    /// How the engine's text of a value becomes the value of a record.
    package enum Form: Sendable, Hashable {
        /// Digits, which stand as they are.
        case integer
        /// A float64 or decimal: JSON's numbers stand as they are, NaN and the infinities as strings.
        case number
        /// `t`, `1` or `true`, all else is false.
        case boolean
        case text
        /// JSON text, which becomes the value itself.
        case json
        /// Bytes as they are.
        case bytes
        /// Bytes as `\x` and hexadecimal digits.
        case hexadecimal
        /// Bytes of a bit string, most significant first, that make a number.
        case bits
        /// A date or time with a space between them, ISO 8601 but for that.
        case moment
        /// As `moment`, an instant: what has no zone is UTC, and UTC is written `Z`.
        case instant
    }

    /// The name, which becomes the record's key.
    package var name: String
    /// What the column is declared as in the manifest.
    package var type: LogicalType
    package var form: Form
    /// The engine's own name of the type.
    package var native: String
    /// What stands in the list of a SELECT; the quoted name where nothing has to be done.
    package var expression: String
    /// Whether the catalogue lets it hold NULL; true where nothing is known.
    package var isNullable: Bool
    /// The expression of its default, as the catalogue has it.
    package var standard: String?
    /// Whether the engine computes it.
    package var isGenerated: Bool
    /// Whether a literal made of a value's text is equal to the value, so that rows can be read on from it.
    package var isOrderable: Bool
    /// What the values are read as where rows are read on from them; nil where the record's text will do.
    package var boundary: Boundary?
    /// Why no cursor can go by it, and what to do; nil where one can.
    package var cursorRefusal: String?

    /// The text that a literal is made of which is equal to the value.
    package struct Boundary: Sendable, Hashable {
        /// What stands in the list of a SELECT.
        package var expression: String
        /// How the literal is spelled.
        package var form: Form

        /// An expression and the form of its text.
        package init(_ expression: String, _ form: Form) {
            self.expression = expression
            self.form = form
        }
    }

    /// The column as the order goes by it.
    var ordering: SQLColumn {
        guard let boundary else { return self }
        var column = self
        column.expression = boundary.expression
        column.form = boundary.form
        return column
    }

    /// Of a decimal: what its values stay within; nil when the engine does not say.
    package var precision: Precision? {
        guard type == .decimal else { return nil }
        // Whole numbers that do not fit 64 bits with a sign.
        if form != .number || native == "UBIGINT" { return Precision(digits: 20, scale: 0) }
        if native == "HUGEINT" || native == "UHUGEINT" { return Precision(digits: 39, scale: 0) }
        // MariaDB puts words behind it.
        return Precision(of: native.replacing(" unsigned", with: "").replacing(" zerofill", with: ""))
    }

    /// A column of which the catalogue says no more than its type.
    package init(
        _ name: String, _ type: LogicalType, _ form: Form, native: String, expression: String, isNullable: Bool = true,
        standard: String? = nil, isGenerated: Bool = false
    ) {
        self.name = name
        self.type = type
        self.form = form
        self.native = native
        self.expression = expression
        self.isNullable = isNullable
        self.standard = standard
        self.isGenerated = isGenerated
        switch form {
        case .integer, .number, .text, .bytes, .hexadecimal, .moment, .instant: isOrderable = true
        case .boolean, .json, .bits: isOrderable = false
        }
    }
}

/// A table or view of a database.
package struct SQLRelation: Sendable, Hashable {
    /// What it is.
    package enum Kind: String, Sendable, Hashable {
        case table
        case view
    }

    /// The schema (or database) it lies in; nil where there are none.
    package var schema: String?
    package var name: String
    package var kind: Kind
    /// Rows as the engine estimates them; nil when it does not.
    package var rows: Int?

    /// A relation.
    package init(schema: String?, name: String, kind: Kind, rows: Int?) {
        self.schema = schema
        self.name = name
        self.kind = kind
        self.rows = rows
    }

    /// The name with the schema before it, as streams are named.
    package var fullName: String { schema.map { "\($0).\(name)" } ?? name }
}

/// The columns and the key of a table, or the columns of a query.
package struct SQLShape: Sendable, Hashable {
    package var columns: [SQLColumn]
    /// The primary key's columns in its order; empty when there is none.
    package var primaryKey: [String]
    /// Columns by whose order rows can be read on from any row: unique and never NULL. Not all of them need be in `columns`.
    package var order: [SQLColumn]
    /// Whether one state of it can be read for as long as that takes, in the way of nobody; otherwise reads are kept short.
    package var hasSnapshot = true

    /// A shape.
    package init(columns: [SQLColumn], primaryKey: [String] = [], order: [SQLColumn] = []) {
        self.columns = columns
        self.primaryKey = primaryKey
        self.order = order
    }

    func column(_ name: String) -> SQLColumn? { columns.first { $0.name.isSame(as: name) } }
}
