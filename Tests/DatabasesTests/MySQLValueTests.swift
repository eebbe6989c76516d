import CMySQLABI
import Foundation
import TestKit
import Testing

@testable import Databases

/// What needs no server: classes, messages, secrets, layouts.
@Suite struct MySQLValueTests {
    @Test func everyNumberHasItsClass() {
        let classes: [(DatabaseFailure, [Int])] = [
            (.transient, [1205, 1213, 1040, 1203, 2002, 2003, 2006, 2013, 2055, 1053, 1317, 1927]),
            (.environment, [1021, 1114, 1037, 1038, 1041, 1290, 1836]),
            (.permission, [1044, 1045, 1142, 1143, 1227, 1698]),
            (.data, [1062, 1048, 1264, 1265, 1292, 1366, 1406, 1452, 1451, 1526, 3819, 4025]),
            (.configuration, [1064, 1146, 1054, 1049, 4166, 0]),
        ]
        for (kind, numbers) in classes {
            for number in numbers { #expect(MySQLError(number, "").kind == kind, "\(number)") }
        }
        #expect(MySQLError(9999, state: "22003", "").kind == .data)
        #expect(MySQLError(9999, state: "23000", "").kind == .data)
        #expect(MySQLError(9999, state: "21S01", "").kind == .configuration)
    }

    @Test func rowsAreFoundInMessages() {
        #expect(MySQLError(1406, "Data too long for column 'a' at row 12 in: INSERT").row == 12)
        #expect(MySQLError(1366, "Incorrect value: 'look at row 3' for column `a` at row 1").row == 1)
        #expect(MySQLError(1062, "Duplicate entry 'x' for key 'a'").row == nil)
    }

    @Test func valuesAreLeftOut() {
        #expect(
            MySQLError.shape(of: "INSERT INTO a VALUES ('it\\'s', 'x''y', 5)")
                == "INSERT INTO a VALUES ('...', '...''...', 5)")
        #expect(MySQLError.shape(of: "SELECT 'never closed") == "SELECT '")
        #expect(
            MySQLError.withoutValue(1062, "Duplicate entry 'a' for key b' for key 'k'")
                == "Duplicate entry '...' for key 'k'")
        #expect(
            MySQLError.withoutValue(1292, "Truncated incorrect DOUBLE value: 'abc'")
                == "Truncated incorrect DOUBLE value: '...'")
    }

    @Test func forbiddenLoadsAreToldApart() {
        #expect(MySQLError(3948, "Loading local data is disabled").isLocalLoadForbidden)
        #expect(MySQLError(1148, "The used command is not allowed with this MariaDB version").isLocalLoadForbidden)
        #expect(!MySQLError(1064, "").isLocalLoadForbidden)
    }

    @Test func aSecretShowsNothing() {
        let secret = MySQLSecret("hunter2")
        var dumped = ""
        dump([secret], to: &dumped)
        #expect(!"\(secret) \(String(reflecting: secret)) \(dumped)".contains("hunter2"))
    }

    @Test func layoutsHaveTheirSizes() {
        #expect(MemoryLayout<bobbin_mysql_field>.size == 128)
        #expect(MemoryLayout<bobbin_mysql_bind>.size == 112)
    }

    /// Lets a C compiler compare our declarations with the real header.
    @Test(.enabled(if: header != nil && compiler != nil, "needs libmariadb-dev and a C compiler"))
    func layoutsAreThoseOfTheHeader() throws {
        let header = try #require(Self.header)
        let compiler = try #require(Self.compiler)
        let pairs = [
            "MYSQL_FIELD bobbin_mysql_field": """
            name org_name table org_table db catalog def length max_length name_length flags decimals charsetnr type extension
            """,
            "MYSQL_BIND bobbin_mysql_bind": """
            length is_null buffer error store_param_func fetch_result skip_result buffer_length offset length_value flags
            pack_length buffer_type error_value is_unsigned long_data_used is_null_value extension
            """,
        ]
        var program = "#include <stddef.h>\n#include <mysql.h>\n#include \"mysql_abi.h\"\n"
        for (types, members) in pairs {
            let names = types.split(separator: " ")
            program += "_Static_assert(sizeof(\(names[0])) == sizeof(\(names[1])), \"\(types)\");\n"
            for member in members.split(whereSeparator: \.isWhitespace) {
                program +=
                    "_Static_assert(offsetof(\(names[0]), \(member)) == offsetof(\(names[1]), \(member)), \"\(member)\");\n"
            }
        }
        let constants: [(String, UInt32)] = [
            ("MYSQL_OPT_CONNECT_TIMEOUT", MySQLLibrary.Options.connectTimeout),
            ("MYSQL_READ_DEFAULT_FILE", MySQLLibrary.Options.defaultsFile),
            ("MYSQL_READ_DEFAULT_GROUP", MySQLLibrary.Options.defaultsGroup),
            ("MYSQL_SET_CHARSET_NAME", MySQLLibrary.Options.charset),
            ("MYSQL_OPT_LOCAL_INFILE", MySQLLibrary.Options.localInfile),
            ("MYSQL_OPT_READ_TIMEOUT", MySQLLibrary.Options.readTimeout),
            ("MYSQL_OPT_WRITE_TIMEOUT", MySQLLibrary.Options.writeTimeout),
            ("MYSQL_OPT_RECONNECT", MySQLLibrary.Options.reconnect),
            ("MYSQL_OPT_SSL_VERIFY_SERVER_CERT", MySQLLibrary.Options.verifyServer),
            ("MYSQL_OPT_SSL_KEY", MySQLLibrary.Options.key),
            ("MYSQL_OPT_SSL_CERT", MySQLLibrary.Options.certificate),
            ("MYSQL_OPT_SSL_CA", MySQLLibrary.Options.authority),
            ("MYSQL_OPT_SSL_ENFORCE", MySQLLibrary.Options.enforceTLS),
            ("MARIADB_CONNECTION_SERVER_STATUS", MySQLLibrary.serverStatusInfo),
            ("SERVER_STATUS_IN_TRANS", MySQLLibrary.inTransaction),
            ("STMT_ATTR_UPDATE_MAX_LENGTH", MySQLLibrary.updateMaxLength),
            ("MYSQL_TYPE_BIT", MySQLColumn.Kind.bit.rawValue), ("MYSQL_TYPE_JSON", MySQLColumn.Kind.json.rawValue),
            ("MYSQL_TYPE_NEWDECIMAL", MySQLColumn.Kind.decimal.rawValue),
            ("MYSQL_TYPE_STRING", MySQLColumn.Kind.string.rawValue),
            ("MYSQL_TYPE_GEOMETRY", MySQLColumn.Kind.geometry.rawValue),
        ]
        for (name, value) in constants { program += "_Static_assert(\(name) == \(value), \"\(name)\");\n" }
        let file = "/tmp/bobbin-layout-\(UUID().uuidString).c"
        defer { try? FileManager.default.removeItem(atPath: file) }
        try program.write(toFile: file, atomically: false, encoding: .utf8)
        let declarations = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/Sources/CMySQLABI"
        let process = Process()
        process.executableURL = URL(filePath: compiler)
        process.arguments = ["-fsyntax-only", "-I", header, "-I", declarations, file]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    private static let header = first(["/usr/include/mariadb"])
    private static let compiler = first(["/usr/bin/cc", "/usr/bin/clang", "/usr/bin/gcc"])

    private static func first(_ paths: [String]) -> String? {
        paths.first { FileManager.default.fileExists(atPath: $0) }
    }
}
