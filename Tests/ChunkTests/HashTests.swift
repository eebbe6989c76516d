import Chunk
import Manifest
import TestKit
import Testing

@Suite struct HashTests {
    static let sample = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7 + 3) }

    private func hash(_ text: String) -> UInt64 { Array(text.utf8).withUnsafeBytes { xxh64($0) } }

    @Test func knownTexts() {
        #expect(hash("") == 0xEF46_DB37_51D8_E999)
        #expect(hash("a") == 0xD24E_C4F1_A98C_6E5B)
        #expect(hash("abc") == 0x44BC_2CF5_AD77_0999)
        #expect(xxh64(UnsafeRawBufferPointer(start: nil, count: 0)) == 0xEF46_DB37_51D8_E999)
    }

    /// Computed with the reference implementation: length, seed 0, seed 0x9E3779B185EBCA8D.
    @Test(
        arguments: [
            (0, 0xEF46_DB37_51D8_E999, 0x0B30_3D92_0EC3_49DF),
            (1, 0x1F25_C8D0_BC1F_4BB6, 0x4E38_DA78_5858_33FF),
            (3, 0x31D2_363F_52E5_64C9, 0xDB3C_6B59_A9BF_9C25),
            (4, 0x9BB6_4B7D_66EE_9FDA, 0xDCE7_4DE7_4556_FF94),
            (5, 0xC760_8EFD_DB70_51FE, 0xF48A_5871_4276_BCEB),
            (7, 0x9A7B_1499_59CE_60D8, 0xBA5B_6F2C_C49D_11A0),
            (8, 0xDAB9_9D95_C6F9_0092, 0xF66E_0CA3_301B_75A3),
            (9, 0x170B_B6BF_975B_4C02, 0x3BD2_6E7C_71C0_518E),
            (12, 0xD52E_4078_33AF_5133, 0xD70A_B810_30AB_D2AF),
            (15, 0x1B47_CB82_43CC_8E32, 0xD7C5_92E3_E100_89AA),
            (16, 0x4348_5023_2B78_7BE2, 0x39D1_3081_D23E_2FF3),
            (24, 0xC47C_71BD_4694_FF81, 0x3A57_9B62_6734_3BCD),
            (31, 0xA2AA_5F33_CC4A_6119, 0x66F6_47A5_2A03_A377),
            (32, 0x23C3_C17E_F790_FD97, 0x01B3_2369_1AFE_F034),
            (33, 0x50A7_CFC7_BA58_8784, 0x527F_3CAE_FF0C_9292),
            (39, 0x880B_BEEA_606E_4B37, 0x6400_F65A_8243_1E3E),
            (40, 0xB620_306B_253D_76B6, 0x8CDF_028D_A592_DCCA),
            (63, 0x5E3E_54B4_31C7_493C, 0xCA00_B700_0716_9FC7),
            (64, 0x0EB6_4B3E_F6EE_B01F, 0x34D5_A64A_E8DC_6E9F),
            (65, 0xA383_B724_B2BD_12F1, 0x43D6_85DE_D689_F7D4),
            (100, 0xA61F_8D4C_170F_E531, 0x919C_CDA3_67E2_A61E),
            (255, 0x39AE_55A2_9989_206F, 0x4A5D_8017_6289_77F1),
            (256, 0x00CF_C520_7DD8_E201, 0x5801_8FEA_1789_410B),
            (1000, 0x5F23_5FA0_33F1_A3FB, 0x536C_1E1B_F0F9_CB01),
        ] as [(Int, UInt64, UInt64)])
    func knownLengths(_ length: Int, _ plain: UInt64, _ seeded: UInt64) {
        // At every alignment.
        for shift in 0..<8 {
            let bytes = [UInt8](repeating: 0, count: shift) + Self.sample[..<length]
            bytes.withUnsafeBytes { buffer in
                let part = UnsafeRawBufferPointer(rebasing: buffer[shift...])
                #expect(xxh64(part) == plain)
                #expect(xxh64(part, seed: 0x9E37_79B1_85EB_CA8D) == seeded)
            }
        }
    }

    @Test func rowsAreASumWithoutOrder() throws {
        var lines =
            (0..<200).map { "{\"rank\":\($0),\"text\":\"\(String(repeating: "x", count: $0))\"}" } + ["", "", "{}"]
        var expected: UInt64 = 0
        for line in lines { expected &+= hash(line) }
        var random = SeededRandom(8)
        for _ in 0..<10 {
            lines.shuffle(using: &random)
            var sum = RowHash()
            let text = lines.joined(separator: "\n") + "\n"
            #expect(Array(text.utf8).withUnsafeBytes { sum.addLines($0) } == lines.count)
            #expect(sum.value == expected)
            var single = RowHash()
            for line in lines { Array(line.utf8).withUnsafeBytes { single.add($0) } }
            #expect(single == sum)
            var parts = RowHash()
            for half in [lines[..<77], lines[77...]] {
                var part = RowHash()
                _ = Array(half.joined(separator: "\n").utf8).withUnsafeBytes { part.addLines($0) }
                parts.add(part)
            }
            // The half that ends in an empty line without line feed lacks that line.
            if lines[76] != "" && lines[202] != "" { #expect(parts == sum) }
            parts.subtract(parts)
            #expect(parts == RowHash())
        }
    }

    @Test(arguments: [
        (UInt64(0), "0000000000000000"), (0xABC, "0000000000000abc"), (.max, "ffffffffffffffff"),
    ])
    func printsAndReads(_ value: UInt64, _ text: String) {
        #expect(RowHash(value).description == text)
        #expect(RowHash(text) == RowHash(value))
    }

    @Test(arguments: ["", "abc", "000000000000000G", "+000000000000001", "ABCDEFABCDEFABCD", "00000000000000000"])
    func refusesOtherText(_ text: String) {
        #expect(RowHash(text) == nil)
    }

    @Test func sha256() {
        // FIPS 180-4 examples.
        let abc = Array("abc".utf8)
        #expect(
            abc.withUnsafeBytes { SHA256Stream.digest(of: $0) }.description
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        var stream = SHA256Stream()
        #expect(stream.finalize().description == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        for byte in abc { withUnsafeBytes(of: byte) { stream.update($0) } }
        #expect(stream.finalize() == abc.withUnsafeBytes { SHA256Stream.digest(of: $0) })
        #expect(SHA256Value(stream.finalize().description) == stream.finalize())
        for wrong in ["", String(repeating: "0", count: 63), String(repeating: "A", count: 64)] {
            #expect(SHA256Value(wrong) == nil)
        }
    }
}
