extension MySQLError {
    /// The class of the number, else of the SQLSTATE.
    package var kind: DatabaseFailure { Self.kind(ofNumber: number) ?? Self.kind(ofState: state) }

    /// The class of a number (MariaDB, "MariaDB Error Codes"; MySQL, "Server Error Message Reference" and "Client Error
    /// Message Reference"); nil of one that says nothing here.
    package static func kind(ofNumber number: Int) -> DatabaseFailure? {
        switch number {
        // An unknown character set or collation: the only ones of the next line that are not about files and memory.
        case 22, 28: nil
        // The server's file layer (mysys/errors.c, EE_*): it cannot create, read, write, close, delete, lock, seek a file,
        // finds none, has no room or no memory. So it says when its tmpdir is full, and of files that somebody swept there.
        case 1...40: .environment
        // The storage engines' (my_base.h, HA_ERR_*), of a file that is damaged or full, as a temporary table in a full tmpdir is.
        case 126, 127, 134...136, 144, 145: .environment
        // Locks: wait time-out, deadlock, NOWAIT; too many connections; out of time; definition changed meanwhile.
        case 1205, 1213, 3572, 1040, 1203, 1226, 1969, 3024, 1412, 1615: .transient
        // The server is not there, went away, stops, or somebody ended the query or the connection.
        case 2002, 2003, 2006, 2012, 2013, 2055, 1053, 1077, 1079, 1080, 1317, 1927, 1158...1161: .transient
        // Disk full, table full, file trouble, memory, too many open files.
        case 1021, 1114, 1037, 1038, 1041, 1016, 1023, 1026, 1030, 2008: .environment
        // Read-only server, option or transaction.
        case 1290, 1836, 1792: .environment
        case 1044, 1045, 1142, 1143, 1227, 1698, 1095, 1370, 1410, 3118, 4151: .permission
        // Keys, NULL, ranges, formats, lengths, references, checks, no partition for a value.
        case 1062, 1586, 1048, 1364, 1264, 1265, 1292, 1366, 1367, 1406, 1451, 1452, 1216, 1217, 1526, 3819, 4025: .data
        default: nil
        }
    }

    private static func kind(ofState state: String) -> DatabaseFailure {
        switch state.prefix(2) {
        // Data exception and integrity constraint; 21S01 (column count) and the like are the statement's. 45: what a trigger
        // of the user's own raises (SIGNAL) about the row.
        case "22", "23", "45": .data
        case "08": .transient
        case "28": .permission
        default: .configuration
        }
    }
}
