internal import Answers
internal import Bytes
internal import HTTP
internal import Ingest
internal import Series
internal import Store

/// A failure on its way to a client: a problem, and members that go beyond RFC 9457's.
struct Failure: Error {
    var problem: Problem
    /// Members of the object beyond the standard ones, each `"name":value`.
    var extensions: [UInt8] = []

    init(_ problem: Problem) { self.problem = problem }

    init(_ type: ProblemType, _ detail: String, errors: [Problem.Detail] = []) {
        problem = type.problem(detail, errors: errors)
    }

    func response(for request: Request) -> Response {
        var problem = problem
        // The request's id, as the log has it.
        problem.instance = request.id
        var response = problem.response()
        if !extensions.isEmpty, case .bytes(let body) = response.body {
            response.body = .bytes(body.dropLast() + [UInt8(ascii: ",")] + extensions + [UInt8(ascii: "}")])
        }
        response.fields.add("Cache-Control", "no-store")
        return response
    }
}

/// Where the input stood: names of fields become JSON pointers or names of parameters.
enum InputPlace { case query, body }

/// The one place that decides what a failure is called outside.
enum Failures {
    /// nil where the failure is none that anybody foresaw: the caller reports it and answers `unforeseen`.
    static func known(_ error: any Error, in place: InputPlace = .query) -> Failure? {
        switch error {
        case let failure as Failure: failure
        case let problem as Problem: Failure(problem)
        case let input as InputError: failure(input, in: place)
        case let refusal as PlanRefusal: failure(refusal)
        case let refusal as KeyRefusal: failure(refusal)
        case let move as IllegalMove: failure(move)
        case let refusal as ReleaseRefusal: failure(refusal)
        case let error as AnswerError: failure(error)
        case is Store.ExclusionsFull:
            Failure(.invalidInput, "The dataset has \(Store.exclusionsMax) exclusions in force, and may have no more: lift some first.")
        case let error where Store.isUnavailable(error): storeUnavailable(retryAfter: 1)
        default: nil
        }
    }

    static let unknownCombination = Failure(.unknownName, "No followed series has these key values together.")
    static let unforeseen = Failure(.internalError, "The request could not be answered; the log has the reason under this id.")

    private static func failure(_ input: InputError, in place: InputPlace) -> Failure {
        let type = input.isUnknownName ? ProblemType.unknownName : .invalidInput
        let name = input.field.isEmpty ? "the body" : input.field
        return Failure(type, "\(name): \(input.detail)", errors: [detail(input.field, input.detail, in: place)])
    }

    static func detail(_ field: String, _ detail: String, in place: InputPlace) -> Problem.Detail {
        switch place {
        case .query: Problem.Detail(.parameter(field), detail)
        case .body: Problem.Detail(.pointer(field.isEmpty ? "" : "/" + escaped(field)), detail)
        }
    }

    /// RFC 6901, section 3.
    private static func escaped(_ name: String) -> String {
        var text = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "~": text += "~0"
            case "/": text += "~1"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    private static func failure(_ error: AnswerError) -> Failure {
        switch error {
        case .unknownDataset(let name): Failure(.unknownName, "There is no dataset \(name).")
        case .unknownSeries(let field, let value):
            failure(InputError(field, "\(value) is not followed here", isUnknownName: true), in: .query)
        case .unknownCombination: unknownCombination
        case .unknownSlot: Failure(.unknownSlot, "The dataset has no slot there, or none within the series' lifetime.")
        case .unexpectedSlot(let reason, let text):
            Failure(.unknownSlot, text, errors: [Problem.Detail(.parameter("time"), reason)])
        case .manyLengths(let field):
            failure(InputError(field, "name one: the rows of one answer are of one kind, and these series have several"), in: .query)
        case .badCursor: Paging.badCursor
        case .longHistory: Failure(.invalidInput, "limit: the range has too many rows for one answer")
        case .manyStreams(let seconds):
            Failure(ProblemType.serviceUnavailable.problem("As many long histories are being sent as may be at one time.")
                .with("Retry-After", "\(seconds)"))
        case .storeUnavailable(let seconds): storeUnavailable(retryAfter: seconds)
        }
    }

    private static func storeUnavailable(retryAfter seconds: Int) -> Failure {
        Failure(ProblemType.storeUnavailable.problem("The store does not answer now.").with("Retry-After", "\(max(1, seconds))"))
    }

    private static func failure(_ refusal: PlanRefusal) -> Failure {
        switch refusal {
        case .unknown: return Failure(.planUnknown, "There is no plan of this id.")
        case .expired: return Failure(.planExpired, "The plan lived for a quarter of an hour; make a new one.")
        case .moved(let difference):
            var failure = Failure(
                .planMoved, "The plan was \(text(difference.was)); by now it would be \(text(difference.now)). Make a new one.",
                errors: [Problem.Detail(.pointer("/plan_id"), "was made for coverage that has changed since")])
            failure.extensions = Array("\"difference\":".utf8) + text(difference)
            return failure
        }
    }

    private static func failure(_ refusal: KeyRefusal) -> Failure {
        switch refusal {
        case .otherBody: Failure(.keyReused, "This Idempotency-Key came with another body before. Take a new one for a new request.")
        // One that was answered is answered again, and does not come here.
        case .underWay, .answered:
            Failure(
                ProblemType.keyUnderWay.problem("The first request under this Idempotency-Key is not answered yet.")
                    .with("Retry-After", "1"))
        }
    }

    private static func failure(_ move: IllegalMove) -> Failure {
        let detail = switch move.cause {
        case .status: "The ingestion is \(move.status.rawValue): it cannot take a \(move.action)."
        case .equalIsOpen: "The ingestion is \(move.status.rawValue), and one of an equal selection is open: that one does its work."
        case .isExpiring: "The ingestion ended so long ago that it is being taken out: file its selection anew."
        }
        var failure = Failure(.illegalMove, detail)
        failure.extensions = Array("\"ingestion_status\":\"\(move.status.rawValue)\"".utf8)
        return failure
    }

    private static func text(_ figures: PlanFigures) -> String {
        "\(figures.gaps) gaps, \(figures.slots) slots, \(figures.cost.requests) requests"
            + (figures.cost.tokens > 0 ? ", \(figures.cost.tokens) tokens" : "")
    }

    private static func text(_ difference: PlanDifference) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        for (name, figures) in [("was", difference.was), ("now", difference.now)] {
            json.key(name)
            json.beginObject()
            json.member("gaps", figures.gaps)
            json.member("slots", figures.slots)
            json.member("requests", figures.cost.requests)
            json.member("tokens", figures.cost.tokens)
            json.endObject()
        }
        let runs = [("gone", difference.goneCount, difference.gone), ("new", difference.newCount, difference.new)]
        for (name, count, first) in runs {
            json.member(name) { json in
                json.member("runs", count)
                json.key("first")
                json.beginArray()
                for run in first {
                    json.beginObject()
                    json.member("series") { json in
                        for (name, value) in zip(difference.keyNames, run.key.values) { json.member(name, value) }
                    }
                    let zone = difference.zone
                    json.member("from", instant: run.from, offset: zone.offset(at: run.from))
                    json.member("to", instant: run.to, offset: zone.offset(at: run.to))
                    json.endObject()
                }
                json.endArray()
            }
        }
        json.endObject()
        return json.bytes
    }
}
