package import Manifest

/// Paths inside the spool.
extension Spool {
    /// `writing/<run>`.
    package func writing(_ run: RunID) -> String { "\(root)/writing/\(run)" }
    /// `trash/<run>`.
    package func trash(_ run: RunID) -> String { "\(root)/trash/\(run)" }
    /// `ready/<target>`; `target` is encoded.
    package func ready(_ target: String) -> String { "\(root)/ready/\(target)" }
    /// `ready/<target>/<pp>-<run>`.
    package func ready(_ target: String, _ name: ReadyName) -> String { "\(root)/ready/\(target)/\(name.text)" }
    /// `claimed/<loader>`.
    package func claimed(_ loader: String) -> String { "\(root)/claimed/\(loader)" }
    /// `loaded/<target>/<run>`.
    package func loaded(_ target: String, _ run: RunID) -> String { "\(root)/loaded/\(target)/\(run)" }
    /// `dead/<target>/<run>`.
    package func dead(_ target: String, _ run: RunID) -> String { "\(root)/dead/\(target)/\(run)" }

    /// The components below `manifests/` of a log.
    package func logComponents(_ key: LogKey) -> [String] {
        [encode(key.job), encode(key.stream)]
            + key.partition.fields.map { "\(encode($0.name))=\(encode($0.value))" }
    }

    /// `manifests/<job>/<stream>/[k=v/...]`, without a slash at the end.
    package func log(_ key: LogKey) -> String {
        (["\(root)/manifests"] + logComponents(key)).joined(separator: "/")
    }

    /// `manifests/.../<n>.json`.
    package func logEntry(_ key: LogKey, _ number: Int) -> String { "\(log(key))/\(FileNames.logEntry(number))" }

    /// `manifests/.../<n>.<target>.outcome.json`.
    package func outcomePath(_ key: LogKey, _ number: Int, target: String) -> String {
        "\(log(key))/\(FileNames.outcome(number, target: target))"
    }
}
