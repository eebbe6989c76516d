import Manifest

/// What must hold between a stream with a parent and its parent, once all streams of the job are read.
struct ParentRules {
    let streams: [(stream: Stream, fields: Fields)]
    /// Names of the job's streams, those that could not be read included.
    let names: [String]

    func check() {
        for (stream, fields) in streams {
            guard case .http(let source) = stream.source, let parent = source.parent,
                let place = fields.section("source")?.section("parent")
            else { continue }
            func fail(_ message: String) { place.fail(.conflict, "stream", message) }
            guard let other = streams.first(where: { $0.stream.name == parent.stream })?.stream else {
                if names.contains(parent.stream) { continue }
                place.fail(
                    .unknownName, "stream",
                    "there is no stream \(Message.quoted(parent.stream)) in the job, or it is disabled"
                        + Message.suggestion(for: parent.stream, among: names))
                continue
            }
            guard case .http(let above) = other.source else {
                fail("the stream \(Message.quoted(parent.stream)) is no HTTP source with pages of records")
                continue
            }
            if above.parent != nil {
                fail("the stream \(Message.quoted(parent.stream)) has a parent itself; only one level is supported")
            }
            if other.partitions != stream.partitions {
                fail("the stream and its parent \(Message.quoted(parent.stream)) must have the same partitions")
            }
            if above.incremental != nil, stream.mode.isReplace {
                fail(
                    "the parent \(Message.quoted(parent.stream)) is incremental, and mode \(stream.mode.rawValue) would drop the records of parents "
                        + "that are not read again; use merge, insert-only or append")
            }
        }
    }
}
