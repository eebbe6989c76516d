import Chunk
import TestKit
import Testing

@Suite struct RawBufferTests {
    @Test func growsAndKeepsItsBytes() {
        let buffer = RawBuffer()
        var expected: [UInt8] = []
        var random = SeededRandom(1)
        for _ in 0..<300 {
            let part = (0..<random.below(200)).map { _ in UInt8(random.below(256)) }
            part.withUnsafeBytes { buffer.append($0) }
            buffer.append(7)
            expected += part + [7]
            #expect(buffer.count == expected.count && buffer.capacity >= buffer.count)
            // The padding is readable (and an address sanitizer sees that it belongs to the buffer).
            var sum = 0
            for i in 0..<RawBuffer.padding { sum += Int(buffer.base[buffer.count + i]) }
            #expect(sum >= 0)
        }
        #expect(Array(buffer.bytes) == expected)
        let capacity = buffer.capacity
        buffer.removeAll()
        #expect(buffer.count == 0 && buffer.capacity == capacity)
        buffer.removeAll(keepingCapacity: false)
        #expect(buffer.capacity == 0)
        buffer.append(1)
        #expect(Array(buffer.bytes) == [1])
    }

    @Test func appendsWhatIsWrittenInPlace() throws {
        struct Stop: Error {}
        let buffer = RawBuffer(capacity: 4)
        buffer.append(capacity: 100) { room in
            for i in 0..<10 { room[i] = UInt8(i) }
            return 10
        }
        #expect(throws: Stop.self) { try buffer.append(capacity: 5) { _ throws(Stop) in throw Stop() } }
        buffer.truncate(to: 3)
        #expect(Array(buffer.bytes) == [0, 1, 2])
        buffer.append(UnsafeRawBufferPointer(start: nil, count: 0))
        #expect(buffer.count == 3)
    }
}
