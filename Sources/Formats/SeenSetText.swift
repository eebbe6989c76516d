// {"v":1,"d":{"<directory>/":[["<name>",<size>,"<mtime ns>"],["<name>",<size>,"<mtime ns>","<hash>"]]},
//  "p":["<path>",<size>,"<mtime ns>",<hash or null>,"<next ordinal>"]}
// Times and ordinals are strings, as other JSON tools keep 53 bits of a number only.
extension SeenSet {
    private static let version: Int64 = 1

    /// The set as compact JSON on one line, in a fixed order (equal sets give equal text): some 45 bytes a file plus
    /// its name; directories are written once.
    package func encoded() -> String {
        var text: [UInt8] = Array("{\"v\":\(Self.version),\"d\":{".utf8)
        let sorted = files.values
            .map { (parts: Self.split($0.path), file: $0) }
            .sorted {
                if $0.parts.directory.utf8.elementsEqual($1.parts.directory.utf8) {
                    return $0.parts.name.utf8.lexicographicallyPrecedes($1.parts.name.utf8)
                }
                return $0.parts.directory.utf8.lexicographicallyPrecedes($1.parts.directory.utf8)
            }
        var directory: Substring?
        for (parts, file) in sorted {
            if directory.map({ $0.utf8.elementsEqual(parts.directory.utf8) }) == true {
                text.append(ASCII.comma)
            } else {
                if directory != nil { text += [ASCII.closeBracket, ASCII.comma] }
                directory = parts.directory
                JSONText.append(String(parts.directory), to: &text)
                text += [ASCII.colon, ASCII.openBracket]
            }
            text.append(ASCII.openBracket)
            JSONText.append(String(parts.name), to: &text)
            Self.appendState(file, to: &text)
            if let hash = file.contentHash {
                text.append(ASCII.comma)
                JSONText.append(hash, to: &text)
            }
            text.append(ASCII.closeBracket)
        }
        if directory != nil { text.append(ASCII.closeBracket) }
        text.append(ASCII.closeBrace)
        if let partial {
            text += Array(",\"p\":[".utf8)
            JSONText.append(partial.file.path, to: &text)
            Self.appendState(partial.file, to: &text)
            text.append(ASCII.comma)
            if let hash = partial.file.contentHash {
                JSONText.append(hash, to: &text)
            } else {
                text += Array("null".utf8)
            }
            text += Array(",\"\(partial.nextOrdinal)\"]".utf8)
        }
        text.append(ASCII.closeBrace)
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads what ``encoded()`` wrote, also with other white space or another order of keys; unknown keys are ignored.
    ///
    /// - Throws: ``FormatsError/Code/badCursor`` for anything else. It is the caller's decision what that means:
    /// starting   anew would extract every file again.
    package init(decoding text: String) throws(FormatsError) {
        self.init()
        guard let json = JSONTree(text), case .object(let members) = json else {
            throw Self.bad("it is no JSON object")
        }
        guard case .integer(let version)? = json["v"] else { throw Self.bad("it has no version") }
        guard version == Self.version else {
            throw Self.bad("its version is \(version), this program knows \(Self.version): update it")
        }
        guard case .object(let directories)? = json["d"], members.count < 100 else { throw Self.bad("it has no files") }
        for member in directories {
            let directory = member.key
            guard case .array(let entries) = member.value else { throw Self.bad("a directory is no list") }
            for entry in entries {
                guard case .array(let values) = entry, (3...4).contains(values.count),
                    let file = Self.file(values, directory: directory, hash: values.count == 4 ? values[3] : .null)
                else { throw Self.bad("a file has no name, size and time") }
                files[file.pathKey] = file
            }
        }
        if let entry = json["p"] {
            guard case .array(let values) = entry, values.count == 5, case .string(let next) = values[4],
                let ordinal = UInt64(next), let file = Self.file(values, directory: "", hash: values[3])
            else { throw Self.bad("the file in work is not readable") }
            partial = Partial(file: file, nextOrdinal: ordinal)
        }
    }

    private static func split(_ path: String) -> (directory: Substring, name: Substring) {
        guard let slash = path.utf8.lastIndex(of: ASCII.slash) else { return ("", path[...]) }
        let behind = path.utf8.index(after: slash)
        return (path[..<behind], path[behind...])
    }

    private static func appendState(_ file: FileIdentity, to text: inout [UInt8]) {
        text += Array(",\(file.size),\"\(file.modifiedNanoseconds)\"".utf8)
    }

    private static func file(_ values: [JSONTree], directory: String, hash: JSONTree) -> FileIdentity? {
        guard case .string(let name) = values[0], case .integer(let size) = values[1],
            case .string(let time) = values[2],
            let nanoseconds = Int64(time)
        else { return nil }
        var contentHash: String?
        switch hash {
        case .string(let text): contentHash = text
        case .null: break
        default: return nil
        }
        return FileIdentity(
            path: directory + name, size: size, modifiedNanoseconds: nanoseconds, contentHash: contentHash)
    }

    private static func bad(_ why: String) -> FormatsError {
        FormatsError(
            .badCursor,
            "the stored list of files seen cannot be read: \(why). Rewind the stream to extract all files again")
    }
}
