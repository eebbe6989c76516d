/// A call that the server, libmariadb or this client refused.
package struct MySQLError: DatabaseError, Sendable {
    /// The error number: 1000-1999, 3000 and above from the server, and below 1000 from its file layer; 2000-2999 from libmariadb,
    /// 0 from this client.
    package let number: Int
    /// Five characters; HY000 says nothing.
    package let state: String
    /// The server's words and what was tried, without passwords and literals of the statement; see ``shape(of:)``.
    package let message: String

    /// An error of this number.
    init(_ number: Int, state: String = "HY000", _ message: String) {
        self.number = number
        self.state = state
        self.message = message
    }

    /// The row of the statement or of the load that a message names ("at row 7"), counted from 1.
    package var row: Int? { MySQLError.row(in: message) }

    /// Whether the server or the option file forbids LOAD DATA LOCAL, so that INSERT has to do.
    ///
    /// 1148 and 4166 are MariaDB's, 3948 and 3950 MySQL 8's; libmariadb itself says 2000 "forbidden".
    package var isLocalLoadForbidden: Bool {
        switch number {
        case 4166, 3948, 3950: true
        case 1148: message.contains("command is not allowed")
        case 2000: message.contains("local infile forbidden")
        default: false
        }
    }

    /// Whether the connection is of no use after this.
    var endsConnection: Bool {
        switch number {
        // 2014 is a call of ours at the wrong time: what the wire holds is unknown. 2027 is a malformed packet.
        case 2002, 2003, 2005, 2006, 2012, 2013, 2014, 2026, 2027, 2055, 1053, 1079, 1080, 1152...1161, 1927: true
        default: false
        }
    }

    package var description: String {
        // A sentence of this client's own.
        number == 0 ? message : "\(message) (error \(number), SQLSTATE \(state))"
    }

    /// The number after the last "at row ", as MariaDB's messages have it.
    static func row(in message: String) -> Int? {
        let words = message.split(separator: " ")
        for index in words.indices.dropFirst(2).reversed() where words[index - 1] == "row" && words[index - 2] == "at" {
            if let row = Int(words[index].prefix { $0.isASCII && $0.isNumber }) { return row }
        }
        return nil
    }

    /// The start of a statement with each literal replaced by `'...'`: literals are values and sometimes passwords.
    static func shape(of sql: String) -> String {
        var shape = ""
        var quote: Character?
        var isEscaped = false
        for character in sql.prefix(2000) {
            if let open = quote {
                if isEscaped {
                    isEscaped = false
                } else if character == "\\" {
                    isEscaped = true
                } else if character == open {
                    quote = nil
                    shape += "...\(open)"
                }
            } else {
                if character == "'" || character == "\"" { quote = character }
                shape.append(character)
            }
            if shape.count >= 120 { break }
        }
        return shape
    }
}
