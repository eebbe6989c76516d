internal import JSON
internal import Manifest

/// Numbers, names and tables for people.
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

    /// Text with its control characters as escapes: values come from outside, and a terminal obeys them.
    static func visible(_ text: String, keepsLines: Bool = false) -> String {
        guard text.unicodeScalars.contains(where: { isControl($0) }) else { return text }
        var shown = ""
        for scalar in text.unicodeScalars {
            if isControl(scalar), !(keepsLines && scalar == "\n") {
                shown += escaped(scalar)
            } else {
                shown.unicodeScalars.append(scalar)
            }
        }
        return shown
    }

    /// One argument of a command line to be typed: as it is, in quotes, or with control characters as escapes (`$'...'`).
    static func argument(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
                || "_-./:=,@+".utf8.contains(byte)
        }
        if isPlain, !text.isEmpty { return text }
        let isVisible = !text.unicodeScalars.contains(where: { isControl($0) })
        var quoted = isVisible ? "'" : "$'"
        for scalar in text.unicodeScalars {
            if scalar == "'" {
                quoted += isVisible ? "'\\''" : "\\'"
            } else if isVisible {
                quoted.unicodeScalars.append(scalar)
            } else if isControl(scalar) {
                quoted += escaped(scalar)
            } else {
                quoted += scalar == "\\" ? "\\\\" : String(scalar)
            }
        }
        return quoted + "'"
    }

    /// A bobbin command to be typed next, with the configuration and the spool of this invocation.
    static func command(_ text: String) -> String { "bobbin \(text)\(invocation)" }

    /// `-c` and `--spool` as this process was given them, each with a space before it.
    private static let invocation: String = {
        let arguments = CommandLine.arguments
        var options = ""
        for (index, argument) in arguments.enumerated() {
            for (name, isShort) in [("-c", true), ("--config", false), ("--spool", false)] {
                if argument == name, index + 1 < arguments.count {
                    options += " \(name) \(Format.argument(arguments[index + 1]))"
                } else if !isShort, argument.hasPrefix(name + "=") {
                    options += " \(name) \(Format.argument(String(argument.dropFirst(name.count + 1))))"
                }
            }
        }
        return options
    }()

    /// What reads a manifest's range again: a run alone only where each run reads everything.
    static func again(_ manifest: RunManifest, from cursor: JSONValue) -> String {
        let what = argument(manifest.job) + restriction(manifest.partition)
        if manifest.mode.isReplace, manifest.cursorTo.isNull { return command("run \(what)") }
        let to = manifest.mode.isReplace ? "start" : cursor["since"]?.text ?? "start"
        return "\(command("rewind \(what) --to \(argument(to))")), then \(command("run \(what)"))"
    }

    /// A stream as `JOB/STREAM`, or only the job where both have one name.
    static func stream(_ key: LogKey) -> String { key.job == key.stream ? key.job : "\(key.job)/\(key.stream)" }

    /// A number with its word: `1 run`, `2 runs`.
    static func count(_ value: Int, _ word: String) -> String { "\(count(value)) \(word)\(value == 1 ? "" : "s")" }

    /// The options that restrict a command to one partition, each with a space before it.
    static func restriction(_ partition: Partition) -> String {
        partition.fields.map { " --set \(argument("\($0.name)=\($0.value)"))" }.joined()
    }

    /// C0, DEL and C1, and what else ends a line or turns the direction of the text.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": return "\\n"
        case "\t": return "\\t"
        case "\r": return "\\r"
        default: break
        }
        let digits = String(scalar.value, radix: 16, uppercase: true)
        let width = scalar.value < 0x80 ? 2 : scalar.value < 0x10000 ? 4 : 8
        let padded = String(repeating: "0", count: max(0, width - digits.count)) + digits
        return (width == 2 ? "\\x" : width == 4 ? "\\u" : "\\U") + padded
    }

    /// Rows of cells as aligned columns; numbers (`right`) to the right.
    static func table(_ header: [String], _ rows: [[String]], right: Set<Int> = []) -> String {
        let rows = rows.map { $0.map { visible($0) } }
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
