extension MySQLConnection {
    /// An error of the library's or the server's words; notes whether it ends the connection.
    func failure(
        _ number: UInt32, _ state: UnsafePointer<CChar>?, _ text: UnsafePointer<CChar>?, _ sql: String
    ) -> MySQLError {
        // Once logged in, a TLS error means that the other side went away; before, that the certificates do not fit.
        let number: UInt32 = number == 2026 && isLoggedIn ? 2013 : number
        let words = text.map { String(cString: $0) } ?? ""
        let message = MySQLError.withoutValue(Int(number), words.isEmpty ? "an error without words" : words)
        let failure = MySQLError(
            Int(number), state: state.map { String(cString: $0) } ?? "HY000",
            "\(settings.server): \(message) in: \(MySQLError.shape(of: sql))")
        hasOldStatus = true
        if failure.endsConnection { isBroken = true }
        return failure
    }
}

extension MySQLError {
    /// A message without the value that it quotes: values are people's data, and logs must hold none.
    static func withoutValue(_ number: Int, _ message: String) -> String {
        switch number {
        // Duplicate entry 'value' for key 'name'.
        case 1062, 1586: replace(message, after: "entry '", before: "' for key")
        // Incorrect integer value: 'value' for column `a`.`b`.`c` at row 1; without a column at the end.
        case 1292, 1366, 1411: replace(message, after: "value: '", before: "' for column")
        default: message
        }
    }

    private static func replace(_ message: String, after opening: String, before closing: String) -> String {
        guard let start = message.firstRange(of: opening)?.upperBound else { return message }
        let rest = message[start...]
        // The last one: the value may hold the words itself.
        let end = rest.ranges(of: closing).last?.lowerBound ?? rest.lastIndex(of: "'") ?? rest.endIndex
        return message[..<start] + "..." + message[end...]
    }
}
