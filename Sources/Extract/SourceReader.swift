package import JSON

/// Reads one partition of a source, page by page. Used by one thread.
package protocol SourceReader: AnyObject {
    /// Hands the records of the next page to `sink`, whole or not at all.
    ///
    /// - Returns: `false` when there is no further page.
    func nextPage(into sink: RecordSink) throws -> Bool
    /// What the next run begins with (`cursor.to`), once the last page was taken.
    var cursorTo: JSONValue { get }
    /// Requests that were repeated.
    var retries: Int { get }
}
