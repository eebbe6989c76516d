import Manifest

extension StreamReader {
    /// The partition columns of a stream in the order of the file.
    func readPartitions(_ fields: Fields) -> [Partition] {
        guard let found = fields.find("partitions") else { return [] }
        var total = 1
        let partitions = (found.node.entries ?? []).compactMap { entry -> Partition? in
            let path = found.path.appending(entry.key)
            if SourceReader.reserved.contains(entry.key) {
                fields.issues.add(
                    .wrongValue, at: entry.mark, path,
                    "the name is that of a placeholder ({\(entry.key)}); call the partition otherwise")
            }
            let values =
                entry.value.text.map { _ in .fromPath } ?? entry.value.items.map { readList($0, path, fields.issues) }
                ?? readRange(entry, path, fields)
            guard let values else { return nil }
            let partition = Partition(name: entry.key, values: values)
            let (product, overflow) = total.multipliedReportingOverflow(by: partition.count)
            total = overflow ? .max : product
            return partition
        }
        if total > partitionLimit {
            fields.fail(
                .wrongValue, "partitions", "the values make more than \(partitionLimit) combinations; use fewer")
        }
        return partitions
    }

    private func readList(_ items: [Node], _ path: KeyPath, _ issues: Issues) -> Partition.Values? {
        var seen: Set<[UInt8]> = []
        for (index, item) in items.enumerated() {
            guard let text = item.text, !seen.insert(text.bytes).inserted else { continue }
            issues.add(
                .wrongValue, at: item.mark, path.appending(index: index),
                "\(Message.quoted(text)) stands twice; keep one")
        }
        let texts = items.compactMap(\.text)
        return texts.isEmpty ? nil : .list(texts)
    }

    private func readRange(_ entry: Node.Entry, _ path: KeyPath, _ fields: Fields) -> Partition.Values? {
        guard let entries = entry.value.entries else { return nil }
        let layer = Fields.Layer(entries: entries, mark: entry.value.mark, path: path, isShared: false)
        let range = Fields(Table.partitionRange, layers: [layer], issues: fields.issues)
        let (hasDays, hasFrom, hasTo) = (range.has("last_days"), range.has("from"), range.has("to"))
        guard hasDays ? !hasFrom && !hasTo : hasFrom && hasTo else {
            fields.issues.add(
                .conflict, at: entry.value.mark, path, "expected last_days alone, or from and to together")
            return nil
        }
        if hasDays { return range.optionalInteger("last_days").map(Partition.Values.lastDays) }
        guard let from = CivilDate(range.text("from")), let to = CivilDate(range.text("to")) else { return nil }
        guard from <= to else {
            range.fail(.conflict, "to", "the last day \(to) is before the first, \(from)")
            return nil
        }
        return .days(from, to)
    }
}
