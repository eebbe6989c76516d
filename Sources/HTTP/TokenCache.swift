import Synchronization

/// The OAuth2 token that all threads of a client share.
///
/// The lock is held while one thread fetches: that is the single flight. Those that waited through a failed fetch get
/// its error instead of asking a broken endpoint one after the other.
final class TokenCache: Sendable {
    /// An access token and the clock values of its life in seconds.
    struct Token: Sendable, Equatable {
        let value: String
        var refreshAt: Double
        let expiresAt: Double
    }

    private struct State {
        var token: Token?
        var failure: HTTPError?
    }

    private let state = Mutex(State())
    private let fetches = Atomic<Int>(0)
    private let shown = Mutex<[String]>([])

    /// The last tokens, to keep them out of messages.
    var secrets: [String] { shown.withLock { $0 } }

    /// Fetches that have ended; read before asking for a token, it tells which failures are news.
    var endedFetches: Int { fetches.load(ordering: .acquiring) }

    /// The cached token, or what `fetch` gives: the token and its lifetime in seconds if known.
    ///
    /// It is renewed 30 s or a tenth of its life before its end, whichever is shorter; when that fails for a passing
    /// reason the old one serves on until its end. `isCached` is false for the thread that has just fetched it.
    func token(
        waitingSince seen: Int, clock: HTTPClock, isCancelled: () -> Bool,
        fetch: () throws(HTTPError) -> (value: String, lifetime: Double?)
    ) throws(HTTPError) -> (token: Token, isCached: Bool) {
        try state.withLock { state throws(HTTPError) -> (token: Token, isCached: Bool) in
            if let token = state.token, clock.now() < token.refreshAt { return (token, true) }
            if let failure = state.failure, endedFetches > seen { throw failure }
            if isCancelled() { throw HTTPError(.cancelled, .cancelled, "Cancelled while waiting for a token.") }
            do throws(HTTPError) {
                let token = Self.token(try fetch(), now: clock.now())
                state = State(token: token)
                shown.withLock { $0 = $0.suffix(3) + [token.value] }
                fetches.add(1, ordering: .releasing)
                return (token, false)
            } catch {
                // Being cancelled is one thread's own matter.
                guard error.category != .cancelled else { throw error }
                let now = clock.now()
                if error.category == .transient, var token = state.token, now < token.expiresAt {
                    token.refreshAt = min(now + 5, token.expiresAt)
                    state.token = token
                    return (token, true)
                }
                state.failure = error
                fetches.add(1, ordering: .releasing)
                throw error
            }
        }
    }

    /// Forgets `token` because the server refused it; a newer one stays.
    func drop(_ token: Token) {
        state.withLock { if $0.token?.value == token.value { $0.token = nil } }
    }

    private static func token(_ grant: (value: String, lifetime: Double?), now: Double) -> Token {
        guard let lifetime = grant.lifetime, lifetime.isFinite, lifetime >= 0 else {
            return Token(value: grant.value, refreshAt: .infinity, expiresAt: .infinity)
        }
        let expiresAt = now + lifetime
        return Token(value: grant.value, refreshAt: expiresAt - min(30, lifetime / 10), expiresAt: expiresAt)
    }
}
