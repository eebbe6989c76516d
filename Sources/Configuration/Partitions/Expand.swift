import Manifest

/// The greatest number of partitions that one stream expands to.
package let partitionLimit = 100_000

/// The partitions that a run visits: the product of all values, the last column varying fastest; one empty partition
/// when there are no partition columns.
///
/// - Parameters:
///   - today: the day of the run in the configuration's time zone.
///   - overrides: `--set name=value`, repeatable: the column takes these values only, in this order.
///   - days: `--days n`, in place of every `last_days`.
/// - Throws: an error with one issue for each override that fits nothing, none of them in a file.
package func expand(
    _ partitions: [Partition], today: CivilDate, overrides: [String: [String]] = [:], days: Int? = nil
) throws(ConfigurationError) -> [[PartitionValue]] {
    var issues: [ConfigurationError.Issue] = []
    func fail(_ code: ConfigurationError.Code, _ key: String, _ message: String) {
        issues.append(ConfigurationError.Issue(code: code, file: nil, mark: nil, key: key, message: message))
    }
    let names = partitions.map(\.name)
    for name in overrides.keys.sorted() where !names.contains(name) {
        let known = names.isEmpty ? "the stream has none" : "known: \(names.joined(separator: ", "))"
        fail(
            .unknownName, "--set",
            "there is no partition \(Message.quoted(name)); \(known)\(Message.suggestion(for: name, among: names))")
    }
    var partitions = partitions
    if let days {
        if !(1...36_500).contains(days) {
            fail(.wrongValue, "--days", "expected a whole number from 1 to 36500, found \(days)")
        } else if !partitions.contains(where: \.isLastDays) {
            fail(.conflict, "--days", "no partition has last_days; name the days with --set")
        } else {
            partitions = partitions.map { $0.isLastDays ? Partition(name: $0.name, values: .lastDays(days)) : $0 }
        }
    }
    var axes: [[String]] = []
    for partition in partitions {
        let values = partition.expanded(today: today)
        guard let chosen = overrides[partition.name], !chosen.isEmpty else {
            axes.append(values)
            continue
        }
        var seen: Set<[UInt8]> = []
        let distinct = chosen.filter { seen.insert($0.bytes).inserted }
        axes.append(distinct)
        let known = Set(values.map(\.bytes))
        for value in distinct.sorted()
        where !known.contains(value.bytes) && !(partition.isDate && CivilDate(value) != nil) {
            fail(.unknownName, "--set \(partition.name)", unknownValue(value, known: values, isDate: partition.isDate))
        }
    }
    var total = 1
    for axis in axes {
        let (product, overflow) = total.multipliedReportingOverflow(by: axis.count)
        total = overflow ? .max : product
    }
    if total > partitionLimit {
        fail(.wrongValue, "", "the partitions make more than \(partitionLimit) combinations; narrow them")
    }
    guard issues.isEmpty else { throw ConfigurationError(issues: issues) }
    return zip(names, axes).reduce([[]]) { product, axis in
        product.flatMap { head in axis.1.map { head + [PartitionValue(name: axis.0, value: $0)] } }
    }
}

extension Partition {
    fileprivate var isLastDays: Bool {
        guard case .lastDays = values else { return false }
        return true
    }
}

private func unknownValue(_ value: String, known: [String], isDate: Bool) -> String {
    if isDate { return "expected a date such as 2026-03-01, found \(Message.quoted(value))" }
    let shown = known.prefix(20).map(Message.shortened).joined(separator: ", ")
    let more = known.count > 20 ? " and \(known.count - 20) more" : ""
    return "\(Message.quoted(value)) is not among its values: \(shown)\(more)"
        + Message.suggestion(for: value, among: known)
}
