/// Constants of ODBC's interface (Microsoft, "ODBC API Reference" 3.8, and its appendices "Data Types" and "ODBC Error
/// Codes"); each is named as there, without `SQL_`.
enum ODBCCode {
    enum Handle {
        static let environment: Int16 = 1
        static let connection: Int16 = 2
        static let statement: Int16 = 3
    }

    enum Result {
        static let success: Int16 = 0
        static let successWithInfo: Int16 = 1
        static let noData: Int16 = 100
    }

    /// Length and indicator values.
    static let nullData = -1
    static let noTotal = -4

    /// Directions of SQLDrivers.
    static let fetchNext: UInt16 = 1
    static let fetchFirst: UInt16 = 2

    enum EnvironmentAttribute {
        static let odbcVersion: Int32 = 200
        static let version3 = 3
    }

    enum ConnectionAttribute {
        static let autocommit: Int32 = 102
        static let loginTimeout: Int32 = 103
        static let isolation: Int32 = 108
        static let connectionDead: Int32 = 1209
    }

    enum StatementAttribute {
        static let parameterStatusPointer: Int32 = 20
        static let parametersProcessedPointer: Int32 = 21
        static let parameterSetSize: Int32 = 22
        static let rowStatusPointer: Int32 = 25
        static let rowsFetchedPointer: Int32 = 26
        static let rowArraySize: Int32 = 27
    }

    /// What SQLGetInfo is asked.
    enum Info {
        static let driverName: UInt16 = 6
        static let driverVersion: UInt16 = 7
        static let searchPatternEscape: UInt16 = 14
        static let databaseName: UInt16 = 16
        static let dbmsName: UInt16 = 17
        static let dbmsVersion: UInt16 = 18
        static let dataSourceReadOnly: UInt16 = 25
        static let identifierQuote: UInt16 = 29
        static let longestColumnName: UInt16 = 30
        static let longestTableName: UInt16 = 35
        static let transactions: UInt16 = 46
        static let isolationLevels: UInt16 = 72
        static let getDataExtensions: UInt16 = 81
    }

    /// Bits of SQL_GETDATA_EXTENSIONS.
    enum GetData {
        static let block: UInt32 = 4
        static let bound: UInt32 = 8
    }

    /// C types: what a buffer holds.
    enum CType {
        static let char: Int16 = 1
        static let double: Int16 = 8
        static let wideChar: Int16 = -8
        static let binary: Int16 = -2
        static let bit: Int16 = -7
        static let signedBigInt: Int16 = -25
        static let unsignedBigInt: Int16 = -27
        static let date: Int16 = 91
        static let timestamp: Int16 = 93
        static let guid: Int16 = -11
    }

    /// SQL types: what a column is.
    enum SQLType {
        static let char: Int16 = 1
        static let numeric: Int16 = 2
        static let decimal: Int16 = 3
        static let integer: Int16 = 4
        static let smallInt: Int16 = 5
        static let float: Int16 = 6
        static let real: Int16 = 7
        static let double: Int16 = 8
        static let varchar: Int16 = 12
        static let date: Int16 = 91
        static let time: Int16 = 92
        static let timestamp: Int16 = 93
        static let longVarchar: Int16 = -1
        static let binary: Int16 = -2
        static let varbinary: Int16 = -3
        static let longVarbinary: Int16 = -4
        static let bigInt: Int16 = -5
        static let tinyInt: Int16 = -6
        static let bit: Int16 = -7
        static let wideChar: Int16 = -8
        static let wideVarchar: Int16 = -9
        static let wideLongVarchar: Int16 = -10
        static let guid: Int16 = -11
    }

    /// What SQLColAttribute is asked.
    enum Descriptor {
        static let unsigned: UInt16 = 8
        static let typeName: UInt16 = 14
    }

    enum RowStatus {
        static let noRow: UInt16 = 3
        static let error: UInt16 = 5
    }

    /// What became of one row of an array of parameters.
    enum ParameterStatus {
        static let error: UInt16 = 5
        static let unused: UInt16 = 7
    }

    /// Answers of SQL_TXN_CAPABLE.
    enum Transactions {
        static let none: UInt16 = 0
        static let withDefinitions: UInt16 = 2
    }

    static let readCommitted = 2
    static let commit: Int16 = 0
    static let rollback: Int16 = 1
    static let input: Int16 = 1
    static let allTypes: Int16 = 0

    /// Options of SQLFreeStmt, SQLSetPos and SQLDriverConnect.
    static let closeCursor: UInt16 = 0
    static let position: UInt16 = 0
    static let noLockChange: UInt16 = 0
    static let noPrompt: UInt16 = 0
}
