internal import EventLoop

/// The short way of a request that is answered from memory: no suspension, and so no frames of asynchronous calls, between
/// its head and its answer. Whatever it cannot finish goes on in `serve`, from where it came to here.
extension Session {
    enum AtOnce {
        /// Nothing was tried.
        case no
        /// `admit` has seen the request and lets it pass.
        case admitted
        /// An answer that is still to be sent, `admit`'s refusal or another.
        case made(Response)
        /// Answered; the socket has not yet taken all of it.
        case unsent(Prebuilt)
        case done(Next)
    }

    func answerAtOnce(_ request: Request, _ match: Router.Match, _ began: UInt64) throws(SystemError) -> AtOnce {
        guard case .route(let route) = match, let quick = route.quick, !request.head.hasBody, !server.isEnding else { return .no }
        if let refused = server.router.admit?(request) { return .made(refused) }
        guard var response = quick(request) else { return .admitted }
        guard case .prebuilt(let answer) = response.body, !response.closes else { return .made(response) }
        if response.fields.isRefused { return .made(response) }
        server.router.dress?(request, &response)
        queue(request, answer, response.fields, !request.head.keepsAlive)
        if output.holdsBody, try !output.flushNow() { return .unsent(answer) }
        return .done(closeExchange(request, answer, began))
    }

    /// After the last byte was handed over.
    func closeExchange(_ request: Request, _ answer: Prebuilt, _ began: UInt64) -> Next {
        let isBodiless = request.method == .head || Status.isBodiless(answer.status)
        tell(request, answer.status, isBodiless ? 0 : answer.body.count, began)
        if request.head.keepsAlive { return .again }
        return taken < buffer.count ? .linger : .close
    }
}
