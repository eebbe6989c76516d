/// A write position in a buffer that its owner made large enough: nothing here checks bounds, so only `RowWriter`, which
/// computes the most a page can need before it starts, makes one.
struct ByteOutput: ~Copyable {
    private let start: UnsafeMutableRawPointer
    private(set) var count = 0

    init(_ start: UnsafeMutablePointer<UInt8>) {
        self.start = UnsafeMutableRawPointer(start)
    }

    @inline(__always)
    mutating func byte(_ byte: UInt8) {
        start.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    @inline(__always)
    mutating func removeLast() {
        count -= 1
    }

    @inline(__always)
    mutating func copy(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { source in
            guard let base = source.baseAddress else { return }
            (start + count).copyMemory(from: base, byteCount: source.count)
        }
        count += bytes.count
    }

    @inline(__always)
    mutating func literal(_ text: StaticString) {
        (start + count).copyMemory(from: text.utf8Start, byteCount: text.utf8CodeUnitCount)
        count += text.utf8CodeUnitCount
    }

    /// Copies a whole slot, whose size the compiler turns into a few vector moves, and advances by the text's length,
    /// which it returns.
    @inline(__always)
    @discardableResult
    mutating func slot(_ index: Int, of section: Vocabulary.Section, in table: UnsafeRawPointer) -> Int {
        let source = table + section.texts + index * section.slot
        (start + count).storeBytes(of: source.loadUnaligned(as: SIMD16<UInt8>.self), as: SIMD16<UInt8>.self)
        var copied = 16
        while copied < section.slot {
            let part = source.loadUnaligned(fromByteOffset: copied, as: SIMD16<UInt8>.self)
            (start + count).storeBytes(of: part, toByteOffset: copied, as: SIMD16<UInt8>.self)
            copied += 16
        }
        let length = Int(table.load(fromByteOffset: section.lengths + index, as: UInt8.self))
        count += length
        return length
    }

    @inline(__always)
    mutating func decimal(_ value: Int) {
        var rest = UInt64(max(0, value))
        var digits = 1
        var bound: UInt64 = 10
        while digits < 19 && rest >= bound {
            digits += 1
            bound &*= 10
        }
        var place = count + digits
        repeat {
            place -= 1
            start.storeBytes(of: UInt8(truncatingIfNeeded: rest % 10) &+ 0x30, toByteOffset: place, as: UInt8.self)
            rest /= 10
        } while place > count
        count += digits
    }

    @inline(__always)
    mutating func sixDigits(_ value: UInt32) {
        var rest = value
        for place in stride(from: count + 5, through: count, by: -1) {
            start.storeBytes(of: UInt8(truncatingIfNeeded: rest % 10) &+ 0x30, toByteOffset: place, as: UInt8.self)
            rest /= 10
        }
        count += 6
    }
}
