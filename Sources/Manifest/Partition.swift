/// The key of a partition: ordered names and values, possibly none.
package struct Partition: Sendable, Hashable, CustomStringConvertible {
    /// One column of the key.
    package struct Field: Sendable, Hashable {
        /// The column's name.
        package let name: String
        /// The value, as text.
        package let value: String

        /// Names one column and its value.
        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }

        /// Equal byte for byte.
        package static func == (left: Field, right: Field) -> Bool {
            left.name.isSame(as: right.name) && left.value.isSame(as: right.value)
        }

        package func hash(into hasher: inout Hasher) {
            hasher.combine(bytes: name)
            hasher.combine(bytes: value)
        }
    }

    /// The columns in the order of the configuration.
    package let fields: [Field]

    /// A partition of these columns.
    package init(_ fields: [Field] = []) {
        self.fields = fields
    }

    /// The value of the column `name`, if it is part of the key.
    package subscript(name: String) -> String? {
        fields.first { $0.name.isSame(as: name) }?.value
    }

    /// The key as people read it: `domain=a data_date=2026-11-19`, or `-` when there is none.
    package var description: String {
        fields.isEmpty ? "-" : fields.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
    }
}
