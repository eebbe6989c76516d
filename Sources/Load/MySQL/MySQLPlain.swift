internal import Databases

/// Tables of which one row more or less is all that a load can do: there a known key needs no way round.
enum MySQLPlain {
    /// Whether REPLACE is an update there, and a row that IGNORE passes over has a known key.
    ///
    /// So there are neither triggers, checks, references from or to it, partitions nor versions, and no column that the load
    /// would not set; and what an account may not see is not there either. The table's definition then stays as it is
    /// until the end of the transaction. References from other databases are not looked for, as that opens every table of the
    /// server (10 ms each time): the load is told to let them be.
    static func holds(_ connection: MySQLConnection, _ table: TargetTable) throws -> Bool {
        // How MySQL tells these things is another matter, and not tried.
        guard connection.flavour == .mariaDB else { return false }
        // The lock on the definition (MariaDB, "Metadata Locking") must be there before anybody looks.
        _ = try connection.query("SELECT 1 FROM \(try MySQLConnection.quote(identifier: table.name)) LIMIT 0")
        let name = MySQLConnection.quote(literal: table.name)
        let found = try connection.query(
            """
            SELECT @@old_mode NOT LIKE '%NO_DUP_KEY_WARNINGS%'
                AND EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = \(name)
                    AND table_type = 'BASE TABLE' AND COALESCE(create_options, '') NOT LIKE '%partitioned%')
                AND (SELECT count(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = \(name)
                    AND extra NOT LIKE '%GENERATED%') = \(table.columns.count)
                AND NOT EXISTS (SELECT 1 FROM information_schema.triggers
                    WHERE event_object_schema = DATABASE() AND event_object_table = \(name))
                AND NOT EXISTS (SELECT 1 FROM information_schema.check_constraints
                    WHERE constraint_schema = DATABASE() AND table_name = \(name))
                AND NOT EXISTS (SELECT 1 FROM information_schema.table_constraints
                    WHERE table_schema = DATABASE() AND table_name = \(name)
                    AND constraint_type NOT IN ('UNIQUE', 'PRIMARY KEY'))
                AND NOT EXISTS (SELECT 1 FROM information_schema.referential_constraints
                    WHERE constraint_schema = DATABASE() AND unique_constraint_schema = DATABASE()
                    AND referenced_table_name = \(name))
            """)
        guard found.integer(0, 0) == 1 else { return false }
        return try seesTriggers(connection, name)
    }

    /// Only who may make triggers of a table is told of them.
    private static func seesTriggers(_ connection: MySQLConnection, _ name: String) throws -> Bool {
        let own = """
            privilege_type = 'TRIGGER' AND grantee = CONCAT('''', SUBSTRING_INDEX(CURRENT_USER(), '@', 1), '''@''',
                SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '''')
            """
        let found = try connection.query(
            """
            SELECT EXISTS (SELECT 1 FROM information_schema.user_privileges WHERE \(own))
                OR EXISTS (SELECT 1 FROM information_schema.schema_privileges WHERE \(own) AND DATABASE() LIKE table_schema)
                OR EXISTS (SELECT 1 FROM information_schema.table_privileges
                    WHERE \(own) AND table_schema = DATABASE() AND table_name = \(name))
            """)
        return found.integer(0, 0) == 1
    }
}
