import CODBCABI
import Testing

/// The structures against appendix D of the ODBC API Reference ("C Data Types"), as sqltypes.h of unixODBC lays them out.
@Suite struct ODBCLayoutTests {
    @Test func theStructuresAreLaidOutAsPublished() {
        #expect(MemoryLayout<bobbin_odbc_date>.size == 6)
        #expect(MemoryLayout<bobbin_odbc_date>.offset(of: \.day) == 4)
        #expect(MemoryLayout<bobbin_odbc_timestamp>.size == 16)
        #expect(MemoryLayout<bobbin_odbc_timestamp>.offset(of: \.second) == 10)
        #expect(MemoryLayout<bobbin_odbc_timestamp>.offset(of: \.fraction) == 12)
        #expect(MemoryLayout<bobbin_odbc_guid>.size == 16)
        #expect(MemoryLayout<bobbin_odbc_guid>.offset(of: \.data4) == 8)
    }
}
