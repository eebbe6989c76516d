/// The texts that rows are made of, with their JSON escapes already in place, in one table of slots of fixed size, so that
/// a row is written by copying whole slots without looking at a byte.
struct Vocabulary: Sendable {
    /// A run of equal slots in the table: the texts, and behind them one byte each for their lengths.
    struct Section: Sendable {
        let slot: Int
        let count: Int
        let texts: Int
        let lengths: Int
    }

    /// The table every generator shares.
    static let shared = Vocabulary()

    /// All sections, one after the other.
    let table: [UInt8]
    /// Words with a trailing space; 128 of them, so that seven random bits choose one.
    let words: Section
    /// `,"fault_type":"X","device_id":"dev-` for each of 16 fault types.
    let types: Section
    /// Texts with escapes or beyond ASCII, each with a trailing space.
    let spices: Section
    /// Where in the table the length of each spice in Unicode scalars stands, as it is once unescaped.
    let spiceScalars: Int

    private init() {
        var table: [UInt8] = []
        words = Self.section(of: Self.wordList.map { $0 + " " }, slot: 16, in: &table)
        types = Self.section(
            of: Self.typeList.map { #","fault_type":"\#($0)","device_id":"dev-"# }, slot: 64, in: &table)
        spices = Self.section(of: Self.spiceList.map { $0.escaped + " " }, slot: 64, in: &table)
        spiceScalars = table.count
        table += Self.spiceList.map { UInt8($0.plain.unicodeScalars.count + 1) }
        self.table = table
    }

    private static func section(of texts: [String], slot: Int, in table: inout [UInt8]) -> Section {
        let start = table.count
        for text in texts {
            precondition(text.utf8.count <= slot, "'\(text)' does not fit a slot of \(slot) bytes")
            table += Array(text.utf8) + [UInt8](repeating: 0x20, count: slot - text.utf8.count)
        }
        let lengths = table.count
        table += texts.map { UInt8($0.utf8.count) }
        return Section(slot: slot, count: texts.count, texts: start, lengths: lengths)
    }

    static let typeList = [
        "LINK_DOWN", "LINK_FLAP", "PORT_ERROR", "HIGH_TEMPERATURE", "FAN_FAILURE", "POWER_LOSS", "CRC_ERROR",
        "BGP_PEER_DOWN", "OSPF_ADJ_LOST", "MEMORY_HIGH", "CPU_HIGH", "DISK_FULL", "CONFIG_DRIFT", "CERT_EXPIRED",
        "AUTH_FAILURE", "PACKET_LOSS",
    ]

    /// Each text as it stands in JSON, and what it means.
    private static let spiceList: [(escaped: String, plain: String)] = [
        (#"\"quoted value\""#, "\"quoted value\""),
        (#"path C:\\log\\fault"#, "path C:\\log\\fault"),
        (#"tab\there"#, "tab\there"),
        (#"line one\nline two"#, "line one\nline two"),
        (#"carriage\r\nreturn"#, "carriage\r\nreturn"),
        (#"a\/b\\c"#, "a/b\\c"),
        (#"25\u00b0C"#, "25°C"),
        (#"\ud83d\udd25 fire"#, "\u{1F525} fire"),
        (#"bell\u0007rung"#, "bell\u{7}rung"),
        ("25°C", "25°C"),
        ("München", "München"),
        ("Zürich → Genève", "Zürich → Genève"),
        ("温度過高", "温度過高"),
        ("故障代码", "故障代码"),
        ("Москва", "Москва"),
        ("⚠ alarm", "⚠ alarm"),
        ("🔥 fire", "🔥 fire"),
        ("إنذار", "إنذار"),
        ("cafe\u{301}", "cafe\u{301}"),
        ("non\u{A0}breaking\u{2028}line", "non\u{A0}breaking\u{2028}line"),
    ]

    private static let wordList = """
        interface threshold exceeded neighbour restarted optical power below limit module slot uplink retry timeout \
        session lost peer carrier sensor reading voltage fan tray recovered unit chassis line card buffer overrun \
        queue dropped frames alarm raised cleared manual reset required operator notified backup path active degraded \
        hours minutes seconds since last first change configuration rollback commit failed pending scheduled window \
        maintenance traffic rerouted through secondary primary circuit provider latency jitter packet loss percent \
        above normal baseline memory process crashed core dump saved watchdog supervisor switchover standby node \
        cluster member left joined quorum certificate expires soon expired license feature disabled enabled port \
        channel bundle member2 flapping damped suppressed route table full prefix withdrawn advertised policy \
        mismatch remote local fault loopback detected storm control blocked spanning tree after upgrade from vendor
        """.split(separator: " ").map(String.init)
}
