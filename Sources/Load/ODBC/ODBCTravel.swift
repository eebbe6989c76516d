internal import Databases
internal import Glibc

/// How the values of one column get into a statement, and which of them cannot be kept as they are.
struct ODBCTravel {
    enum Check {
        /// Texts without U+0000, which drivers take for the end.
        case text
        /// The same, and not empty, which would become NULL.
        case filledText
        case bytes
        case none
        /// Digits that a decimal of so many keeps.
        case decimal(digits: Int, scale: Int)
        case finite
        /// Numbers but NaN.
        case number
        /// A date of the years 1 to 9999.
        case day
        /// A time of day without a leap second and with so many digits of the second.
        case clock
        /// A moment, which is written in UTC, with at most so many digits of the second.
        case moment(digits: Int)
        /// A moment as PostgreSQL reads it.
        case postgresMoment
        case postgresClock
    }

    var parameter: ODBCParameter
    var check: Check

    init(_ parameter: ODBCParameter, _ check: Check = .none) {
        self.parameter = parameter
        self.check = check
    }

    /// Room for a moment that is written anew.
    static let momentBytes = 32

    /// Whether values are written anew, which takes ``momentBytes``.
    var isMoment: Bool { if case .moment = check { true } else { false } }

    private func hasZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.baseAddress.map { memchr($0, 0, bytes.count) != nil } ?? false
    }

    /// Why a value cannot be kept as it is; `nil` when it can.
    ///
    /// - Parameters:
    ///   - engine: the database's name.
    ///   - room: of ``momentBytes``.
    func problem(
        _ cell: Cell, _ bytes: UnsafeRawBufferPointer, _ engine: String, _ room: UnsafeMutablePointer<UInt8>
    ) -> String? {
        if cell.kind == .double {
            let value = Double(bitPattern: UInt64(bitPattern: cell.bits))
            switch check {
            case .finite where !value.isFinite: return "\(engine) has no NaN and no infinities"
            case .number where value.isNaN: return "\(engine) has no NaN"
            default: return nil
            }
        }
        guard cell.kind == .text || cell.kind == .side else { return nil }
        switch check {
        case .none, .bytes, .finite, .number: return nil
        case .filledText where bytes.isEmpty: return "\(engine) takes an empty text for NULL"
        case .text, .filledText:
            return hasZero(bytes) ? "the text holds U+0000, which ODBC drivers take for its end" : nil
        case .decimal(let digits, let scale): return MySQLDecimal.problem(bytes, digits: digits, scale: scale, engine)
        case .day: return bytes.count == 10 ? nil : "\(engine) has dates of the years 1 to 9999 only"
        case .clock: return MySQLTime.problem(bytes, clock: 0)?.replacing("MariaDB", with: engine)
        case .postgresMoment: return PostgresTime.problem(bytes)
        case .postgresClock: return PostgresTime.problem(bytes, clock: 0)
        case .moment(let digits):
            let written = MySQLTime.write(bytes, into: room)
            if let problem = written.problem { return problem.replacing("MariaDB", with: engine) }
            // YYYY-MM-DD hh:mm:ss. and the digits.
            let rest = (20 + digits)..<max(20 + digits, written.count)
            return rest.contains { room[$0] != UInt8(ascii: "0") }
                ? "the column keeps \(digits) digits of the second, and the time has more" : nil
        }
    }
}
