/// A parameter's value in a statement of one row.
package struct ODBCValue: Sendable {
    var parameter: ODBCParameter
    var value: Value

    enum Value: Sendable {
        case null
        case text(String)
        case integer(Int64)
        case double(Double)
    }

    /// A text, or NULL.
    ///
    /// - Parameter parameter: nil is a text of the value's length.
    package static func text(_ text: String?, _ parameter: ODBCParameter? = nil) -> ODBCValue {
        // Beyond it drivers want the long type.
        let isLong = (text?.utf8.count ?? 0) > 4000
        let usual = ODBCParameter(.text, type: Int(isLong ? ODBCCode.SQLType.longVarchar : ODBCCode.SQLType.varchar))
        return ODBCValue(parameter: parameter ?? usual, value: text.map { .text($0) } ?? .null)
    }

    /// A number.
    ///
    /// - Parameter parameter: how it travels; nil is as 64 bits.
    package static func integer(_ number: Int64, _ parameter: ODBCParameter? = nil) -> ODBCValue {
        ODBCValue(parameter: parameter ?? ODBCParameter(.integer), value: .integer(number))
    }

    /// A number.
    ///
    /// - Parameter parameter: how it travels; nil is as a float64.
    package static func double(_ number: Double, _ parameter: ODBCParameter? = nil) -> ODBCValue {
        ODBCValue(parameter: parameter ?? ODBCParameter(.double), value: .double(number))
    }
}
