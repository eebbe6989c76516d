/// The value of an `integer` literal, or nil when it does not fit 64 bits (or is no integer literal).
package func parseInteger(_ p: UnsafePointer<UInt8>, _ count: Int) -> Int64? {
    let negative = count > 0 && p[0] == 0x2D
    var i = negative ? 1 : 0
    if i >= count { return nil }
    var value: UInt64 = 0
    // Nineteen digits always fit 64 unsigned bits, so only longer literals need checked arithmetic.
    let safe = min(count, i &+ 19)
    while i < safe {
        let digit = p[i] &- 0x30
        if digit > 9 { return nil }
        value = value &* 10 &+ UInt64(digit)
        i &+= 1
    }
    while i < count {
        let digit = p[i] &- 0x30
        if digit > 9 { return nil }
        let (product, overflow) = value.multipliedReportingOverflow(by: 10)
        let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
        if overflow || carry { return nil }
        value = sum
        i &+= 1
    }
    if negative {
        return value <= UInt64(Int64.max) &+ 1 ? Int64(truncatingIfNeeded: 0 &- value) : nil
    }
    return value <= UInt64(Int64.max) ? Int64(truncatingIfNeeded: value) : nil
}

/// The double nearest to a validated `integer` or `number` literal (ties to even); infinite beyond the range.
///
/// Exact operands within 2^53 and 10^22 need one correctly rounded operation (W. D. Clinger, "How to read floating
/// point numbers accurately", 1990); everything else goes to the standard library's conversion, which does not depend on
/// the process's locale as `strtod` would. Text that is not a number gives NaN.
package func parseDouble(_ p: UnsafePointer<UInt8>, _ count: Int) -> Double {
    if let exact = exactDouble(p, count) { return exact }
    let text = String(decoding: UnsafeBufferPointer(start: p, count: count), as: UTF8.self)
    return Double(text) ?? .nan
}

private func exactDouble(_ p: UnsafePointer<UInt8>, _ count: Int) -> Double? {
    var i = 0
    let negative = count > 0 && p[0] == 0x2D
    if negative { i = 1 }
    if i >= count || p[i] &- 0x30 > 9 { return nil }
    var digits: UInt64 = 0
    // Digits that entered `digits`; more than 19 could overflow it.
    var taken = 0
    var exponent = 0
    while i < count && p[i] &- 0x30 < 10 {
        digits = digits &* 10 &+ UInt64(p[i] &- 0x30)
        if digits != 0 || taken != 0 { taken &+= 1 }
        i &+= 1
    }
    if i < count && p[i] == 0x2E {
        i &+= 1
        let start = i
        while i < count && p[i] &- 0x30 < 10 {
            digits = digits &* 10 &+ UInt64(p[i] &- 0x30)
            if digits != 0 || taken != 0 { taken &+= 1 }
            i &+= 1
        }
        exponent = start &- i
        if exponent == 0 { return nil }
    }
    if taken > 19 || digits > 1 << 53 { return nil }
    if i < count {
        guard p[i] | 0x20 == 0x65, let written = smallExponent(p, i &+ 1, count) else { return nil }
        exponent &+= written
    }
    if digits == 0 { return negative ? -0.0 : 0.0 }
    if exponent < -22 || exponent > 22 { return nil }
    let value = Double(digits)
    let scaled = exponent < 0 ? value / powersOfTen[0 &- exponent] : value * powersOfTen[exponent]
    return negative ? -scaled : scaled
}

/// The exponent after `e`, if it has at most four digits; `i` may hold a sign.
private func smallExponent(_ p: UnsafePointer<UInt8>, _ start: Int, _ count: Int) -> Int? {
    var i = start
    let negative = i < count && p[i] == 0x2D
    if i < count && (p[i] == 0x2D || p[i] == 0x2B) { i &+= 1 }
    if i >= count || count &- i > 4 { return nil }
    var value = 0
    while i < count {
        let digit = p[i] &- 0x30
        if digit > 9 { return nil }
        value = value &* 10 &+ Int(digit)
        i &+= 1
    }
    return negative ? 0 &- value : value
}

/// The powers of ten that a double represents exactly.
private let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
]
