/// Numbers of libpq's binary interface (libpq-fe.h and postgres_ext.h of PostgreSQL 15; none has changed since 7.4
/// but by additions at the end).
enum PostgresConstants {
    /// ConnStatusType: everything else is on the way or broken.
    static let connectionOK: Int32 = 0
    static let connectionBad: Int32 = 1

    // PostgresPollingStatusType.
    static let pollingFailed: Int32 = 0
    static let pollingReading: Int32 = 1
    static let pollingWriting: Int32 = 2
    static let pollingOK: Int32 = 3

    // ExecStatusType.
    static let commandOK: Int32 = 1
    static let tuplesOK: Int32 = 2
    static let copyOut: Int32 = 3
    static let copyIn: Int32 = 4
    static let badResponse: Int32 = 5
    static let fatalError: Int32 = 7

    // PGVerbosity.
    static let defaultVerbosity: Int32 = 1
    static let fullVerbosity: Int32 = 2

    /// The field codes of an error or notice (PG_DIAG_*; manual, "Error and Notice Message Fields").
    enum Field: UInt8 {
        case sqlState = 0x43  // C
        case primary = 0x4D  // M
        case detail = 0x44  // D
        case context = 0x57  // W
        case schema = 0x73  // s
        case table = 0x74  // t
        case column = 0x63  // c
        case constraint = 0x6E  // n
    }
}
