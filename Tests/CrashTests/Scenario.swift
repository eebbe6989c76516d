import Load
import Manifest
import TestKit

/// Something that one process does, to be disturbed at every one of its file system calls.
struct Scenario: Sendable {
    var name: String
    var feeds: [Feed]
    /// What stands before, made by healthy processes (or by dead ones, where the scenario is about those).
    var prepare: @Sendable (World, [Feed]) throws -> Void = { _, _ in }
    /// What the disturbed process does.
    var act: @Sendable (SimulatedProcess, [Feed]) throws -> Void
    /// What people do once everything was recovered; it is loaded afterwards.
    var attend: (@Sendable (World, [Feed]) throws -> Void)?
    /// How the manifests of each log end, when not all are loaded.
    var outcomes: [[Outcome]]?
    /// Rejected rows and lines that must lie in `dead/` in the end.
    var rejects = 0
}

enum Rows {
    /// Chunks of three rows each, with ids that go on from chunk to chunk.
    static func chunks(_ count: Int, _ tag: String, from first: Int = 0) -> [[Row]] {
        (0..<count).map { chunk in (0..<3).map { Row(first + chunk * 3 + $0, "\(tag)\(chunk)") } }
    }

    /// Chunks whose ids overlap, so that the order in which they are merged shows.
    static func overlapping(_ count: Int, _ tag: String) -> [[Row]] {
        (0..<count).map { chunk in (0..<3).map { Row(chunk + $0, "\(tag)\(chunk)") } }
    }
}
