/// Numbers for people.
enum Format {
    /// 1234567 as `1,234,567`.
    static func count(_ value: Int) -> String {
        var digits = Array(String(value.magnitude))
        var index = digits.count - 3
        while index > 0 {
            digits.insert(",", at: index)
            index -= 3
        }
        return (value < 0 ? "-" : "") + String(digits)
    }

    /// Bytes in MB and the like, powers of 1000.
    static func bytes(_ value: Int) -> String {
        if value < 1000 { return "\(value) B" }
        var size = Double(value)
        for unit in ["kB", "MB", "GB", "TB"] {
            size /= 1000
            if size < 1000 || unit == "TB" { return "\(decimal(size, 1)) \(unit)" }
        }
        return "\(value) B"
    }

    /// Seconds with a sensible precision.
    static func seconds(_ value: Double) -> String {
        value < 10
            ? "\(decimal(value, 2)) s"
            : value < 120 ? "\(decimal(value, 1)) s" : "\(Int(value / 60)) min \(Int(value) % 60) s"
    }

    static func decimal(_ value: Double, _ digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let rounded = (value * scale).rounded() / scale
        guard rounded.isFinite, abs(rounded) < 1e15 else { return "\(value)" }
        let whole = Int(rounded)
        let fraction = Int((abs(rounded - Double(whole)) * scale).rounded())
        let text = String(fraction)
        return digits == 0
            ? "\(whole)" : "\(whole)." + String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    /// Rows of cells as aligned columns; numbers (`right`) to the right.
    static func table(_ header: [String], _ rows: [[String]], right: Set<Int> = []) -> String {
        var widths = header.map(\.count)
        for row in rows {
            for (index, cell) in row.enumerated() where index < widths.count {
                widths[index] = max(widths[index], cell.count)
            }
        }
        func line(_ cells: [String]) -> String {
            var parts: [String] = []
            for (index, cell) in cells.enumerated() {
                let pad = String(repeating: " ", count: max(0, widths[index] - cell.count))
                parts.append(right.contains(index) ? pad + cell : cell + pad)
            }
            var text = parts.joined(separator: "  ")
            while text.last == " " { text.removeLast() }
            return text
        }
        return ([line(header)] + rows.map(line)).joined(separator: "\n")
    }
}
