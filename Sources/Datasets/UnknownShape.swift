internal import Series

/// A call shape that a dataset no longer has, or an order that its shape cannot mean: it asks for nothing and proves nothing.
struct UnknownShape: Exchange {
    mutating func start() -> [UpstreamRequest] { [] }
    mutating func received(_ answer: UpstreamAnswer, to request: UpstreamRequest) -> Step { gaveUp(on: request, because: .malformed) }
    mutating func gaveUp(on request: UpstreamRequest, because cause: FailureClass) -> Step {
        var step = Step()
        step.end = .unproved("the dataset has no such call shape")
        return step
    }
}
