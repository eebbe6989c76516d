internal import Manifest
internal import Spool

/// The input that one run refuses: written beside its chunks and counted in its manifest.
final class InputRejects {
    private let writer: RunWriter
    /// What was refused first, for messages.
    private(set) var first: Reject?

    init(_ writer: RunWriter) { self.writer = writer }

    /// How much was refused.
    var count: Int { writer.manifest.rejected }

    func add(_ reject: Reject) throws {
        try writer.rejects.add(reject)
        writer.manifest.rejected += 1
        if first == nil { first = reject }
    }

    /// Adds the elements of a page that were refused.
    ///
    /// - Parameters:
    ///   - refused: where each lies behind `base`, its number in the page, and why.
    ///   - place: what the page is called in messages.
    func add(
        _ refused: [(range: Range<Int>, element: Int, fault: RecordFault)], _ base: UnsafePointer<UInt8>,
        of place: String
    ) throws {
        for (range, element, fault) in refused {
            let row = UnsafeBufferPointer(start: base + range.lowerBound, count: min(range.count, Reject.rowLimit))
            try add(
                Reject(
                    line: element, reason: "\(fault.reason) (element \(element) of \(place))", column: fault.column,
                    row: String(decoding: row, as: UTF8.self)))
        }
    }

    /// Refuses a replacement of which too much was refused: it would put the few good rows in the place of the whole.
    ///
    /// The limits are those that kill a chunk, over all rows of the run.
    func check() throws(ExtractError) {
        let manifest = writer.manifest
        let total = manifest.rows + manifest.rejected
        let guards = manifest.guards
        guard manifest.mode.isReplace, manifest.rejected > guards.maximumRejectRows,
            Double(manifest.rejected) > guards.maximumRejectShare * Double(total)
        else { return }
        let example = first.map { "; the first: \($0.file.map { $0 + " " } ?? "")line \($0.line): \($0.reason)" } ?? ""
        throw ExtractError(
            .data,
            "\(manifest.rejected) of \(total) rows were refused, more than max_rejects allows (\(guards.maximumRejectRows) rows and a share of "
                + "\(guards.maximumRejectShare)): nothing is published and the table keeps the rows it has\(example): mend the source, "
                + "or raise max_rejects, then run again")
    }
}
