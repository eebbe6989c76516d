internal import CMySQLABI

extension MySQLStatement {
    /// The columns that the statement would give; it is not run. None of one that gives no rows.
    package var columns: [MySQLColumn] {
        guard let metadata = connection.library.statementMetadata(handle) else { return [] }
        defer { connection.library.freeResult(metadata) }
        return connection.columns(metadata)
    }

    /// Runs the statement and keeps its whole result; for small results.
    package func rows() throws(MySQLError) -> MySQLRows {
        let library = connection.library
        try execute()
        guard let metadata = library.statementMetadata(handle) else { return MySQLRows(columns: [], rows: []) }
        let columns = connection.columns(metadata)
        defer {
            library.freeResult(metadata)
            _ = library.statementFreeResult(handle)
        }
        var isOn: Int8 = 1
        _ = library.statementAttribute(handle, MySQLLibrary.updateMaxLength, &isOn)
        guard library.statementStore(handle) == 0, let widths = library.statementMetadata(handle),
            let fields = library.fields(widths)
        else { throw error() }
        let cells = (0..<columns.count).map { MySQLCell(columns[$0].kind, width: Int(fields[$0].max_length)) }
        library.freeResult(widths)
        return MySQLRows(columns: columns, rows: try fetch(cells))
    }

    private func fetch(_ cells: [MySQLCell]) throws(MySQLError) -> [[[UInt8]?]] {
        let binds = UnsafeMutablePointer<bobbin_mysql_bind>.allocate(capacity: max(1, cells.count))
        defer { binds.deallocate() }
        for (index, cell) in cells.enumerated() { (binds + index).initialize(to: cell.bind) }
        guard connection.library.statementBindResult(handle, binds) == 0 else { throw error() }
        var rows: [[[UInt8]?]] = []
        while true {
            let code = connection.library.statementFetch(handle)
            // MYSQL_NO_DATA; MYSQL_DATA_TRUNCATED (101) is said of times whose fraction has more zeros than the buffer.
            if code == 100 { return rows }
            guard code == 0 || code == 101 else { throw error() }
            rows.append(cells.map { $0.value })
        }
    }
}

/// Where one column's values of a prepared statement arrive.
private final class MySQLCell {
    private let kind: MySQLColumn.Kind?
    private let buffer: UnsafeMutableRawPointer
    private let width: Int
    private let length: UnsafeMutablePointer<UInt>
    private let isNull: UnsafeMutablePointer<CChar>

    init(_ kind: MySQLColumn.Kind?, width: Int) {
        self.kind = kind
        // Room for any number or time as text.
        self.width = max(64, width)
        buffer = .allocate(byteCount: self.width, alignment: 8)
        length = .allocate(capacity: 1)
        length.initialize(to: 0)
        isNull = .allocate(capacity: 1)
        isNull.initialize(to: 0)
    }

    deinit {
        buffer.deallocate()
        length.deallocate()
        isNull.deallocate()
    }

    var bind: bobbin_mysql_bind {
        var bind = bobbin_mysql_bind()
        bind.buffer = buffer
        bind.buffer_length = UInt(width)
        bind.length = length
        bind.is_null = isNull
        switch kind {
        // The library's own texts of floats do not always read back as the same number.
        case .double, .float: bind.buffer_type = (kind ?? .double).rawValue
        default: bind.buffer_type = MySQLColumn.Kind.string.rawValue
        }
        return bind
    }

    var value: [UInt8]? {
        if isNull.pointee != 0 { return nil }
        switch kind {
        case .double: return Array(buffer.load(as: Double.self).description.utf8)
        case .float: return Array(buffer.load(as: Float.self).description.utf8)
        default: return Array(UnsafeRawBufferPointer(start: buffer, count: min(width, Int(length.pointee))))
        }
    }
}
