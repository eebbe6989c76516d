/// Why a record is refused though it is a JSON object: no table could take it.
package struct RecordFault: Error, Sendable, Equatable {
    /// What is wrong, in words.
    package var reason: String
    /// The column at fault, when it is one.
    package var column: String?

    /// A fault of a column, or of the whole record.
    package init(reason: String, column: String? = nil) {
        self.reason = reason
        self.column = column
    }
}

/// What `SchemaInference` notes of the record in hand: the columns that it has brought, and what it changed.
///
/// Kept from record to record, so that none of them allocates.
package struct RecordNotes: ~Copyable {
    /// For each column the number of the record that was the last to bring it.
    private(set) var stamps: UnsafeMutablePointer<UInt32>
    /// The number of the record in hand.
    private(set) var record: UInt32 = 0
    private var capacity = 0
    /// Columns whose sorts of values the record changed, with those of before.
    var changes: [(column: Int, kinds: UInt16)] = []

    /// Notes of no record yet.
    package init() { stamps = .allocate(capacity: 0) }

    deinit { stamps.deallocate() }

    /// The next record begins; there is a stamp for each of `columns` columns.
    mutating func begin(columns: Int) {
        if !changes.isEmpty { changes.removeAll(keepingCapacity: true) }
        record &+= 1
        if columns > capacity || record == 0 { renew(columns) }
    }

    @inline(never)
    private mutating func renew(_ columns: Int) {
        stamps.deallocate()
        capacity = columns
        stamps = .allocate(capacity: columns)
        stamps.initialize(repeating: 0, count: columns)
        record = 1
    }
}
