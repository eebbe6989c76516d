internal import Configuration
internal import Manifest

extension RecordShape {
    /// The columns that a source says it has, as they are after shaping, without those that are added.
    ///
    /// What flattening makes of a JSON column only its values tell.
    func shaped(_ columns: [Column]) -> [Column] {
        columns.compactMap { column in
            outcome(of: column.name).map { outcome in
                outcome.isHashed
                    ? Column(name: outcome.name, type: .text)
                    : Column(name: outcome.name, type: column.type, precision: column.precision)
            }
        }
    }
}
