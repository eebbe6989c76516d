internal import CDuckDBABI
internal import Glibc
internal import Synchronization

/// The functions of libduckdb.so that this client needs, found at run time (names and contracts: DuckDB, "C API").
///
/// Only DuckDB connections need the library, which no Debian package has, so it is neither linked nor required to build.
package struct DuckDBLibrary: Sendable {
    typealias Handle = OpaquePointer
    typealias Text = UnsafePointer<CChar>
    typealias Slot = UnsafeMutablePointer<OpaquePointer?>
    typealias Result = UnsafeMutablePointer<bobbin_duckdb_result>

    typealias ToVoid = @Sendable @convention(c) (Slot) -> Void
    typealias OfHandle = @Sendable @convention(c) (Handle) -> Void
    typealias ToText = @Sendable @convention(c) (Handle) -> Text?
    typealias ToState = @Sendable @convention(c) (Handle) -> UInt32
    typealias ToCount = @Sendable @convention(c) (Handle) -> UInt64
    typealias ToByte = @Sendable @convention(c) (Handle) -> UInt8
    typealias ToHandle = @Sendable @convention(c) (Handle) -> Handle?
    typealias ToMemory = @Sendable @convention(c) (Handle) -> UnsafeMutableRawPointer?
    typealias OfResult = @Sendable @convention(c) (Result) -> Void
    typealias Open =
        @Sendable @convention(c) (Text?, Slot, Handle?, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> UInt32
    typealias Connect = @Sendable @convention(c) (Handle, Slot) -> UInt32
    typealias SetOption = @Sendable @convention(c) (Handle, Text, Text) -> UInt32
    typealias Query = @Sendable @convention(c) (Handle, Text, Result?) -> UInt32
    typealias Prepare = @Sendable @convention(c) (Handle, Text, Slot) -> UInt32
    typealias Execute = @Sendable @convention(c) (Handle, Result) -> UInt32
    typealias OfChunk = @Sendable @convention(c) (Handle, UInt64) -> Handle?
    typealias SetCount = @Sendable @convention(c) (Handle, UInt64) -> Void
    typealias BindText = @Sendable @convention(c) (Handle, UInt64, Text, UInt64) -> UInt32
    typealias MakeChunk = @Sendable @convention(c) (UnsafePointer<OpaquePointer?>, UInt64) -> Handle?
    typealias MakeAppender =
        @Sendable @convention(c) (
            Handle, Text, UInt64, UnsafePointer<OpaquePointer?>, Text?, UnsafePointer<UnsafePointer<CChar>?>?, Slot
        ) -> UInt32

    let open: Open
    let close: ToVoid
    let connect: Connect
    let disconnect: ToVoid
    let interrupt: OfHandle
    let createConfig: @Sendable @convention(c) (Slot) -> UInt32
    let setConfig: SetOption
    let destroyConfig: ToVoid
    let free: @Sendable @convention(c) (UnsafeMutableRawPointer?) -> Void
    let libraryVersion: @Sendable @convention(c) () -> Text?

    let query: Query
    let destroyResult: OfResult
    let resultError: @Sendable @convention(c) (Result) -> Text?
    let resultErrorType: @Sendable @convention(c) (Result) -> UInt32
    let rowsChanged: @Sendable @convention(c) (Result) -> UInt64
    let columnCount: @Sendable @convention(c) (Result) -> UInt64
    let columnName: @Sendable @convention(c) (Result, UInt64) -> Text?
    let columnType: @Sendable @convention(c) (Result, UInt64) -> Handle?
    let fetchChunk: @Sendable @convention(c) (bobbin_duckdb_result) -> Handle?

    let prepare: Prepare
    let destroyPrepare: ToVoid
    let prepareError: ToText
    let clearBindings: ToState
    let bindText: BindText
    let bindInteger: @Sendable @convention(c) (Handle, UInt64, Int64) -> UInt32
    let bindDouble: @Sendable @convention(c) (Handle, UInt64, Double) -> UInt32
    let bindBoolean: @Sendable @convention(c) (Handle, UInt64, Bool) -> UInt32
    let bindNull: @Sendable @convention(c) (Handle, UInt64) -> UInt32
    let executePrepared: Execute
    let preparedColumnCount: ToCount
    let preparedColumnName: @Sendable @convention(c) (Handle, UInt64) -> UnsafeMutablePointer<CChar>?
    let preparedColumnType: OfChunk
    let pendingStreaming: Connect
    let executePending: Execute
    let pendingError: ToText
    let destroyPending: ToVoid

    let createChunk: MakeChunk
    let destroyChunk: ToVoid
    let resetChunk: OfHandle
    let chunkSize: ToCount
    let setChunkSize: SetCount
    let chunkVector: OfChunk
    let vectorData: ToMemory
    let vectorValidity: ToMemory
    let makeValidityWritable: OfHandle
    let vectorSize: @Sendable @convention(c) () -> UInt64

    let createType: @Sendable @convention(c) (UInt32) -> Handle?
    let createDecimalType: @Sendable @convention(c) (UInt8, UInt8) -> Handle?
    let setTypeAlias: @Sendable @convention(c) (Handle, Text) -> Void
    let destroyType: ToVoid
    let typeID: ToState
    let decimalWidth: ToByte
    let decimalScale: ToByte
    let decimalStorage: ToState

    let createAppender: MakeAppender
    let destroyAppender: @Sendable @convention(c) (Slot) -> UInt32
    let appendChunk: @Sendable @convention(c) (Handle, Handle) -> UInt32
    let flushAppender: ToState
    let clearAppender: ToState
    let appenderError: ToHandle
    let errorType: ToState
    let errorMessage: ToText
    let destroyError: ToVoid

    /// What is looked for when a connection names no file.
    package static let usualFile = "libduckdb.so"

    private static let loaded = Mutex<[String: DuckDBLibrary]>([:])

    /// Loads `file`, once in the life of the process; a name without a slash by the dynamic linker's usual search.
    ///
    /// - Throws: `DuckDBError` (configuration) that says what to install.
    package static func load(_ file: String) throws(DuckDBError) -> DuckDBLibrary {
        let found: Swift.Result<DuckDBLibrary, DuckDBError> = loaded.withLock { loaded in
            if let known = loaded[file] { return .success(known) }
            do throws(DuckDBError) {
                let made = try DuckDBLibrary(file)
                loaded[file] = made
                return .success(made)
            } catch {
                return .failure(error)
            }
        }
        return try found.get()
    }

    /// The library's version, such as v1.5.6.
    package var version: String { libraryVersion().map { String(cString: $0) } ?? "unknown" }
}
