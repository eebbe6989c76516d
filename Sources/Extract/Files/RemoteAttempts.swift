internal import Formats
internal import HTTP

/// Repeats what fails in a transient way, as `retry` says; used by one thread.
final class RemoteAttempts {
    private let policy: HTTP.RetryPolicy
    private let breaker: SourceBreaker
    private let partition: String
    /// 0 to 1.
    private let random: () -> Double
    /// Waits; true when the wait was ended by a stop.
    private let sleep: (Double) -> Bool
    private let report: (String, Double) -> Void
    /// How often something was repeated.
    private(set) var count = 0

    init(
        _ policy: HTTP.RetryPolicy, _ breaker: SourceBreaker, partition: String, random: @escaping () -> Double,
        sleep: @escaping (Double) -> Bool, report: @escaping (String, Double) -> Void
    ) {
        self.policy = policy
        self.breaker = breaker
        self.partition = partition
        self.random = random
        self.sleep = sleep
        self.report = report
    }

    /// Does `body` until it succeeds, fails for good, or all attempts are spent.
    func run<Value>(_ body: () throws -> Value) throws -> Value {
        var attempt = 1
        while true {
            do {
                let ticket = try breaker.admit()
                do {
                    let value = try body()
                    breaker.settle(ticket, partition, nil)
                    return value
                } catch {
                    // That a file changed says nothing against its server.
                    breaker.settle(ticket, partition, error is FileChanged ? nil : error)
                    throw error
                }
            } catch {
                if error is FileChanged { throw error }
                attempt += 1
                try wait(error, beforeAttempt: attempt)
            }
        }
    }

    /// Waits before the next attempt after `error`; throws that where it is not transient, and when there is none.
    func wait(_ error: any Error, beforeAttempt attempt: Int) throws {
        let failure = ExtractError(error)
        guard failure.kind == .transient else { throw error }
        let delay = policy.delay(
            beforeAttempt: attempt, random: random(), retryAfter: (error as? HTTPError)?.retryAfter)
        guard let delay else {
            throw ExtractError(.transient, "\(failure.message) (given up after \(attempt - 1) attempts)")
        }
        count += 1
        report(failure.message, delay)
        if sleep(delay) { throw ExtractError(.cancelled, "interrupted") }
    }
}

/// A file whose reading goes on where it broke off, as long as it is the same file.
final class ResumingSource: ByteSource {
    private let session: any FileSession
    private let file: SourceFile
    private let attempts: RemoteAttempts
    private var body: (any FileBody)?
    private var offset: UInt64 = 0
    /// Attempts in a row that brought no byte.
    private var fruitless = 1

    init(_ session: any FileSession, _ file: SourceFile, _ attempts: RemoteAttempts) {
        self.session = session
        self.file = file
        self.attempts = attempts
    }

    func close() {
        body?.close()
        body = nil
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            let body = try self.body ?? attempts.run { try open(buffer) }
            self.body = body
            do {
                let count = try body.read(into: buffer)
                // A body whose end is not marked may be cut without a sign.
                if count == 0, file.identity.size >= 0, offset < UInt64(file.identity.size) {
                    throw ExtractError(
                        .transient, "\(file.identity.path) ended after \(offset) of \(file.identity.size) bytes")
                }
                if count > 0 { fruitless = 1 }
                offset += UInt64(count)
                return count
            } catch {
                close()
                if error is FileChanged { throw error }
                // All of it came, and behind its end there is nothing to ask for.
                if file.identity.size >= 0, offset >= UInt64(file.identity.size) {
                    guard ExtractError(error).kind == .transient else { throw error }
                    return 0
                }
                fruitless += 1
                try attempts.wait(error, beforeAttempt: fruitless)
            }
        }
    }

    /// Opens the file where the reading broke off; a server that knows no parts begins anew.
    private func open(_ buffer: UnsafeMutableRawBufferPointer) throws -> any FileBody {
        let body = try session.open(file, from: offset)
        guard body.start <= offset else {
            throw ExtractError(.transient, "\(file.identity.path): byte \(body.start) came in place of byte \(offset)")
        }
        var missing = offset - body.start
        while missing > 0 {
            let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(UInt64(buffer.count), missing))])
            let count = try body.read(into: piece)
            guard count > 0 else { throw ExtractError(.transient, "\(file.identity.path) is shorter than before") }
            missing -= UInt64(count)
        }
        return body
    }
}
