internal import EventLoop
internal import Series
internal import Synchronization

/// One call's exchange, which reads large answers on the loop for decoding: a page of a scan takes a millisecond or more, and while it is
/// read the transfers of all calls go on.
final class Reading: Sendable {
    private let exchange: Mutex<any Exchange>
    private let decoding: Loop

    /// Bytes from which an answer is worth another thread's waking.
    private static let large = 32 * 1024

    init(_ exchange: any Exchange, on decoding: Loop) {
        self.exchange = Mutex(exchange)
        self.decoding = decoding
    }

    func start() -> [UpstreamRequest] { exchange.withLock { $0.start() } }

    func gaveUp(on request: UpstreamRequest, because cause: FailureClass) -> Step {
        exchange.withLock { $0.gaveUp(on: request, because: cause) }
    }

    func split(_ request: UpstreamRequest, to subjects: Int) -> [UpstreamRequest] {
        exchange.withLock { $0.split(request, to: subjects) }.filter { $0.subjects < request.subjects }
    }

    /// One answer at a time: the caller waits for its step before it gives another.
    func received(_ answer: UpstreamAnswer, to request: UpstreamRequest) async -> Result<Step, AnswerDefect> {
        if answer.body.count < Self.large { return read(answer, request) }
        do {
            return try await decoding.run { _ in self.read(answer, request) }
        } catch {
            // Only the body throws, and this one does not.
            return read(answer, request)
        }
    }

    private func read(_ answer: UpstreamAnswer, _ request: UpstreamRequest) -> Result<Step, AnswerDefect> {
        exchange.withLock { exchange in
            do throws(AnswerDefect) { return .success(try exchange.received(answer, to: request)) } catch { return .failure(error) }
        }
    }
}
