/// Offset of the first byte at or after `i` that is no white space of JSON (space, tab, LF, CR), at most `end`.
package func skipWhiteSpace(_ base: UnsafePointer<UInt8>, _ i: Int, _ end: Int) -> Int {
    var i = i
    while i < end, base[i] == 0x20 || base[i] == 0x09 || base[i] == 0x0A || base[i] == 0x0D { i &+= 1 }
    return i
}
