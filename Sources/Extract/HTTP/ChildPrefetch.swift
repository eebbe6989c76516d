internal import Glibc
internal import HTTP
internal import Manifest
internal import Threads

/// Fetches the first pages of some parents ahead of the thread that takes them in order; no more than a few wait.
final class ChildPrefetch: Sendable {
    /// An answer whose body has `BodyBuffer.padding` bytes of zero behind it.
    struct Answer: Sendable {
        let response: HTTPResponse
        let body: [UInt8]
        var count: Int { body.count - BodyBuffer.padding }
    }

    private struct State: Sendable {
        var requests: [HTTPRequest] = []
        /// Tells the answers of one list of requests from those of the next.
        var turn = 0
        var next = 0
        /// The request whose answer is wanted first.
        var wanted = 0
        var answers: [Int: Result<Answer, ExtractFailure>] = [:]
        var isClosed = false
    }

    private let state = Condition(State())
    private let atOnce: Int

    /// Starts threads, each with a connection of its own; together with the one that asks they are `atOnce`.
    init(_ endpoint: HTTPEndpoint, atOnce: Int, partition: String, stop: StopSignal) {
        self.atOnce = atOnce
        let starter = pthread_self()
        for _ in 1..<max(2, atOnce) {
            _ = ThreadHandle.start { [state] in
                // Without a thread to be had this runs on the one that started it, which asks by itself.
                guard pthread_equal(pthread_self(), starter) == 0 else { return }
                let isOver: @Sendable () -> Bool = { stop.isStopped || state.withLock { $0.isClosed } }
                var connection: HTTPConnection?
                let body = BodyBuffer()
                while let task = ChildPrefetch.task(state, atOnce) {
                    let answer: Result<Answer, ExtractFailure>
                    do {
                        let open = try connection ?? HTTPConnection(endpoint.client, isCancelled: isOver)
                        connection = open
                        answer = .success(
                            try ChildPrefetch.answer(task.request, endpoint, open, body, partition))
                    } catch { answer = .failure(ExtractFailure(error)) }
                    state.update { state in
                        if state.turn == task.turn { state.answers[task.index] = answer }
                    }
                }
            }
        }
    }

    /// Ends the threads; what they are at is given up.
    func close() { state.update { $0.isClosed = true } }

    /// Begins with other requests, from `first` on.
    func begin(_ requests: [HTTPRequest], from first: Int) {
        state.update { state in
            state.turn += 1
            state.requests = requests
            state.next = first
            state.wanted = first
            state.answers.removeAll()
        }
    }

    /// Waits for the answer to request `index`; each is asked for once, in their order.
    ///
    /// - Parameter own: asks itself, where no thread has begun with it yet.
    func answer(_ index: Int, isCancelled: () -> Bool, own: () throws -> Answer) throws -> Answer {
        let isOpen = state.update { state in
            state.wanted = index
            guard state.next <= index else { return false }
            state.next = index + 1
            return true
        }
        if isOpen { return try own() }
        while true {
            let found: Result<Answer, ExtractFailure>? = state.wait(seconds: 0.25) { state in
                state.answers.removeValue(forKey: index)
            }
            if let found { return try found.get() }
            if isCancelled() { throw ExtractError(.cancelled, "cancelled") }
        }
    }

    private static func task(_ state: Condition<State>, _ atOnce: Int) -> (turn: Int, index: Int, request: HTTPRequest)?
    {
        state.wait { state -> (turn: Int, index: Int, request: HTTPRequest)?? in
            if state.isClosed { return .some(nil) }
            guard state.next < min(state.requests.count, state.wanted + atOnce) else { return nil }
            defer { state.next += 1 }
            return (state.turn, state.next, state.requests[state.next])
        }
    }

    /// Asks once, by leave of the breaker.
    static func answer(
        _ request: HTTPRequest, _ endpoint: HTTPEndpoint, _ connection: HTTPConnection, _ body: BodyBuffer,
        _ partition: String
    ) throws -> Answer {
        let ticket = try endpoint.breaker.admit()
        do {
            body.removeAll()
            let response = try connection.perform(request, into: body)
            try endpoint.client.check(response, body: body)
            endpoint.breaker.settle(ticket, partition, nil)
            return Answer(
                response: response, body: Array(body.bytes) + [UInt8](repeating: 0, count: BodyBuffer.padding))
        } catch {
            endpoint.breaker.settle(ticket, partition, error)
            throw error
        }
    }
}

/// An error of a request, with what its repetition depends on.
struct ExtractFailure: Error, Sendable {
    let error: ExtractError
    let retryAfter: Double?
    let status: Int?

    init(_ error: any Error) {
        if let known = error as? ExtractFailure {
            self = known
            return
        }
        self.error = ExtractError(error)
        retryAfter = (error as? HTTPError)?.retryAfter
        status = (error as? HTTPError)?.status
    }
}
