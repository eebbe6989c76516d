internal import CDuckDBABI

/// One column of a chunk, where DuckDB has it: stays until the chunk is done with. Rows are not checked against the count,
/// since this runs for each value.
package struct DuckDBVector {
    /// The values, as ``DuckDBType`` says; what stands where a row is NULL is unspecified.
    package let data: UnsafeMutableRawPointer
    /// A bit for each row, 64 a word, lowest first: 1 is a value, 0 is NULL; nil when there is no NULL.
    package let validity: UnsafeMutablePointer<UInt64>?

    /// Whether the row has a value.
    @inline(__always)
    package func isValid(_ row: Int) -> Bool {
        guard let validity else { return true }
        return validity[row &>> 6] &>> UInt64(row & 63) & 1 == 1
    }

    /// The value of a type of fixed width: `Int64` of a BIGINT, `Int32` of a DATE, and so on.
    @inline(__always)
    package func value<Value: BitwiseCopyable>(_ row: Int, as type: Value.Type) -> Value {
        data.loadUnaligned(fromByteOffset: row &* MemoryLayout<Value>.stride, as: type)
    }

    /// The bytes of a VARCHAR or BLOB.
    @inline(__always)
    package func bytes(_ row: Int) -> UnsafeRawBufferPointer {
        let place = data + row &* MemoryLayout<bobbin_duckdb_string>.stride
        let length = Int(place.load(as: UInt32.self))
        if length <= DuckDBVector.inlined { return UnsafeRawBufferPointer(start: place + 4, count: length) }
        return UnsafeRawBufferPointer(start: place.load(fromByteOffset: 8, as: UnsafeRawPointer.self), count: length)
    }

    /// A HUGEINT, or a decimal that is kept in one.
    @inline(__always)
    package func huge(_ row: Int) -> Int128 {
        let parts = value(row, as: bobbin_duckdb_hugeint.self)
        return Int128(parts.upper) << 64 | Int128(parts.lower)
    }

    /// Bytes of text that stand in the vector itself.
    static let inlined = 12

    /// A copy of the value as text, of the types that need no cast for it; nil for NULL.
    func text(_ row: Int, _ column: DuckDBColumn, _ sql: String) throws(DuckDBError) -> String? {
        guard isValid(row) else { return nil }
        switch column.type {
        case .boolean: return value(row, as: UInt8.self) == 0 ? "false" : "true"
        case .tinyInt: return "\(value(row, as: Int8.self))"
        case .smallInt: return "\(value(row, as: Int16.self))"
        case .integer: return "\(value(row, as: Int32.self))"
        case .bigInt: return "\(value(row, as: Int64.self))"
        case .unsignedTinyInt: return "\(value(row, as: UInt8.self))"
        case .unsignedSmallInt: return "\(value(row, as: UInt16.self))"
        case .unsignedInteger: return "\(value(row, as: UInt32.self))"
        case .unsignedBigInt: return "\(value(row, as: UInt64.self))"
        case .float: return "\(value(row, as: Float.self))"
        case .double: return "\(value(row, as: Double.self))"
        case .hugeInt: return "\(huge(row))"
        case .varchar: return String(decoding: bytes(row), as: UTF8.self)
        default:
            throw DuckDBError(
                .configuration,
                "the column \(column.name) is of a type that must be cast to VARCHAR: \(DuckDBError.shape(of: sql))")
        }
    }
}

/// Up to 2,048 rows of a result; its memory is DuckDB's and stays until the chunk is gone.
package final class DuckDBChunk {
    private let library: DuckDBLibrary
    private let handle: OpaquePointer
    private let vectors: [DuckDBVector]
    /// Rows.
    package let count: Int

    init?(_ library: DuckDBLibrary, _ handle: OpaquePointer, columns: Int) {
        self.library = library
        self.handle = handle
        count = Int(library.chunkSize(handle))
        vectors = (0..<columns).compactMap { column in
            guard let vector = library.chunkVector(handle, UInt64(column)), let data = library.vectorData(vector) else {
                return nil
            }
            return DuckDBVector(
                data: data, validity: library.vectorValidity(vector)?.assumingMemoryBound(to: UInt64.self))
        }
        // Vectors of nested types have no data of their own: queries make texts of them.
        guard vectors.count == columns else { return nil }
    }

    deinit {
        var slot: OpaquePointer? = handle
        library.destroyChunk(&slot)
    }

    /// The vector of a column, counted from 0.
    package subscript(column: Int) -> DuckDBVector { vectors[column] }
}
